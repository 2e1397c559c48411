"""Optimisers: how gradients move weights. Keras's, with its numbers; and any of optax's."""

from typing import Any

from jaxnn.core import check, registry
from jaxnn.optimizers import schedules as schedules
from jaxnn.optimizers import transforms as transforms
from jaxnn.optimizers.adam import Adam as Adam
from jaxnn.optimizers.adam import Adamax as Adamax
from jaxnn.optimizers.adam import AdamW as AdamW
from jaxnn.optimizers.adam import Nadam as Nadam
from jaxnn.optimizers.adaptive import Adadelta as Adadelta
from jaxnn.optimizers.adaptive import Adagrad as Adagrad
from jaxnn.optimizers.adaptive import RMSprop as RMSprop
from jaxnn.optimizers.ftrl import Ftrl as Ftrl
from jaxnn.optimizers.large_batch import Adafactor as Adafactor
from jaxnn.optimizers.large_batch import Lamb as Lamb
from jaxnn.optimizers.lion import Lion as Lion
from jaxnn.optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer
from jaxnn.optimizers.multi import MultiOptimizer as MultiOptimizer
from jaxnn.optimizers.multi import OptimizerMap as OptimizerMap
from jaxnn.optimizers.muon import Muon as Muon
from jaxnn.optimizers.optimizer import Optimizer as Optimizer
from jaxnn.optimizers.schedule_free import ScheduleFreeAdamW as ScheduleFreeAdamW
from jaxnn.optimizers.sgd import SGD as SGD
from jaxnn.optimizers.transforms import normalize_gradient as normalize_gradient
from jaxnn.optimizers.wrap import OptaxOptimizer as OptaxOptimizer
from jaxnn.optimizers.wrap import is_transformation as _is_transformation


def get(identifier: Any) -> Optimizer | None:
    """An optimiser from whatever names one.

    Args:
        identifier: a name in any case ('adam', 'RMSprop'), a config, an optimiser, an optax transformation, or None.

    Raises:
        ValueError: for anything else; an unknown name is answered with the nearest known one.

    Example:
        >>> get("rmsprop").get_config()["rho"]
        0.9
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if _is_transformation(identifier):
        return OptaxOptimizer(identifier)
    hint = f" Pass an instance: {identifier.__name__}()." if isinstance(identifier, type) else ""
    raise ValueError(f"Could not interpret optimizer identifier: {identifier}.{hint}")


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The config of an optimiser, with Keras's module name."""
    return registry.serialize_keras_object(optimizer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
    """The optimiser of a config; the names of Keras's own classes may be in any case.

    Raises:
        ValueError: for a class that nobody registered, or that is no optimiser.
    """
    known = {name.lower(): cls for name, cls in registry.objects("optimizers").items()}
    name = config["class_name"]
    with registry.CustomObjectScope(custom_objects):
        if all(registry.custom_object(x) is None for x in (config.get("registered_name"), name)):
            if name.lower() not in known:
                raise ValueError(f"Could not interpret optimizer identifier: {name}.{check.nearest(name, known)}")
            config = {**config, "class_name": known[name.lower()].__name__}
        result = registry.deserialize("optimizers", config)
    if not isinstance(result, Optimizer):
        raise ValueError(f"Could not interpret optimizer identifier: {config}")
    return result
