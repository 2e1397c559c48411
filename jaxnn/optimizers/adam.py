"""Adam and its kin: AdamW, Adamax, Nadam. The mean gradient, divided by a mean of the gradient's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jaxnn.core import config, registry
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.optimizers import transforms
from jaxnn.optimizers.transform_optimizer import TransformOptimizer, takes_base_arguments
from jaxnn.optimizers.transformation import GradientTransformation


@registry.export("optimizers")
@takes_base_arguments
class Adam(TransformOptimizer):
    """w -= learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon).

    m and v are decaying means of g and g^2; the roots correct that both start at 0.

    Args:
        learning_rate: about the size of a step.
        beta_1: the share of the past in m.
        beta_2: the share of the past in v.
        epsilon: keeps the quotient finite. It is added after the correction: the paper's "epsilon hat".
        amsgrad: whether the largest v so far stands in v's place.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([1.0, 1.0])
        >>> _ = Adam(0.25).apply_gradients([(jnp.array([0.01, -100.0]), w)])
        >>> w.numpy().round(3)  # the first step has the same size whatever the gradient's
        array([0.75, 1.25], dtype=float32)

    Source: Kingma and Ba, arXiv:1412.6980, end of section 2; AMSGrad: Reddi, Kale and Kumar (2018);
    https://keras.io/api/optimizers/adam/
    """

    slots = ({"_momentums": "momentum", "_velocities": "velocity"}, {"_velocity_hats": "velocity_hat"})

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.adam(learning_rate, self.beta_1, self.beta_2, self.epsilon, self.amsgrad)


@registry.export("optimizers")
@takes_base_arguments
class AdamW(Adam):
    """Adam, each of its steps after w -= learning_rate * weight_decay * w.

    Unlike an L2 penalty, the decay does not pass through Adam's quotient.

    Args:
        learning_rate: about the size of a step.
        weight_decay: the share of a weight that a step at rate 1 would take off.
        beta_1: as Adam's.
        beta_2: as Adam's.
        epsilon: as Adam's.
        amsgrad: as Adam's.
        **kwargs: see `Optimizer`.

    Raises:
        ValueError: if `weight_decay` is None.

    Example:
        >>> w = Variable([1.0])
        >>> _ = AdamW(0.25, weight_decay=0.5).apply_gradients([(jnp.array([0.0]), w)])
        >>> w.numpy()
        array([0.875], dtype=float32)

    Source: Loshchilov and Hutter, arXiv:1711.05101; https://keras.io/api/optimizers/adamw/
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)
        if self.weight_decay is None:
            raise ValueError("Argument `weight_decay` must be a float. Received: weight_decay=None")


@registry.export("optimizers")
@takes_base_arguments
class Adamax(TransformOptimizer):
    """Adam by the largest gradient: u = max(beta_2 * u, |g|); w -= learning_rate / (1 - beta_1^t) * m / (u + epsilon).

    Args:
        learning_rate: about the size of a step.
        beta_1: the share of the past in m, the mean gradient.
        beta_2: how slowly the largest gradient is forgotten.
        epsilon: keeps the quotient finite.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([1.0])
        >>> _ = Adamax(0.25).apply_gradients([(jnp.array([-8.0]), w)])
        >>> w.numpy()
        array([1.25], dtype=float32)

    Source: Kingma and Ba, arXiv:1412.6980, section 7.1; https://keras.io/api/optimizers/adamax/
    """

    slots = ({"_m": "momentum", "_u": "norm"},)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.adamax(learning_rate, self.beta_1, self.beta_2, self.epsilon)


@registry.export("optimizers")
@takes_base_arguments
class Nadam(TransformOptimizer):
    """Adam with Nesterov's look ahead: the quotient's numerator mixes the next step's momentum with this gradient.

    Args:
        learning_rate: about the size of a step.
        beta_1: the share of the past in the momentum, approached from half of it: beta_1 * (1 - 0.96^t / 2).
        beta_2: the share of the past in v.
        epsilon: keeps the quotient finite.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([1.0])
        >>> _ = Nadam(0.25).apply_gradients([(jnp.array([0.0]), w)])
        >>> w.numpy()
        array([1.], dtype=float32)

    Source: Dozat (2015), cs229.stanford.edu/proj2015/054_report.pdf; https://keras.io/api/optimizers/Nadam/
    """

    slots = ({"_momentums": "momentum", "_velocities": "velocity"},)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.nadam(learning_rate, self.beta_1, self.beta_2, self.epsilon)

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the slots of these variables, and the product of the momenta that they share."""
        if self.built:
            return
        super().build(variables)
        self._u_product = Variable(1.0, dtype=variables[0].dtype if variables else config.floatx())

    def _backend_update_step(self, grads: list[Array], variables: list[Variable], learning_rate: Array) -> None:
        # every variable's step advances the product by itself, from the same value; the Variable moves once, after them
        super()._backend_update_step(grads, variables, learning_rate)
        self.assign(self._u_product, transforms.nadam_product(self._u_product.value, self.beta_1, self.iterations + 1))

    def _shared(self) -> dict[str, Array]:
        return {"u_product": self._u_product.value}
