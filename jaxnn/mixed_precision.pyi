from jaxnn.core.dtypes import DTypePolicy as DTypePolicy
from jaxnn.core.dtypes import dtype_policy as dtype_policy
from jaxnn.core.dtypes import set_dtype_policy as set_dtype_policy
from jaxnn.optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
