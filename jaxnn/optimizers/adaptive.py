"""Adagrad, Adadelta and RMSprop: every weight has a step of its own, from the squares of its past gradients."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.optimizers import transforms
from jaxnn.optimizers.transform_optimizer import TransformOptimizer, takes_base_arguments
from jaxnn.optimizers.transformation import GradientTransformation


@registry.export("optimizers")
@takes_base_arguments
class Adagrad(TransformOptimizer):
    """a += g^2; w -= learning_rate * g / sqrt(a + epsilon): the more a weight was moved, the smaller its steps.

    Args:
        learning_rate: 1.0 is the paper's; the default is Keras's.
        initial_accumulator_value: where a begins; not negative.
        epsilon: keeps the quotient finite, under the root.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([1.0])
        >>> _ = Adagrad(0.5, initial_accumulator_value=0.0).apply_gradients([(jnp.array([4.0]), w)])
        >>> w.numpy()
        array([0.5], dtype=float32)

    Source: Duchi, Hazan and Singer (2011); https://keras.io/api/optimizers/adagrad/
    """

    slots = ({"_accumulators": "accumulator"},)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.adagrad(learning_rate, self.initial_accumulator_value, self.epsilon)


@registry.export("optimizers")
@takes_base_arguments
class Adadelta(TransformOptimizer):
    """Adagrad that forgets, with steps in the units of the weights: d = -rms(past d) / rms(past g) * g.

    Args:
        learning_rate: 1.0 is the paper's; the default is Keras's.
        rho: the share of the past in both means.
        epsilon: keeps the first steps from being zero, under the roots.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([1.0])
        >>> _ = Adadelta(1.0, rho=0.0, epsilon=1.0).apply_gradients([(jnp.array([3.0]), w)])
        >>> w.numpy().round(4)  # 1 - sqrt(0 + 1) * 3 / sqrt(9 + 1)
        array([0.0513], dtype=float32)

    Source: Zeiler, arXiv:1212.5701; https://keras.io/api/optimizers/adadelta/
    """

    slots = ({"_accumulated_grads": "accumulated_grad", "_accumulated_delta_vars": "accumulated_delta_var"},)

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.adadelta(learning_rate, self.rho, self.epsilon)


@registry.export("optimizers")
@takes_base_arguments
class RMSprop(TransformOptimizer):
    """v = rho * v + (1 - rho) * g^2; w -= learning_rate * g / sqrt(v + epsilon).

    Args:
        learning_rate: about the size of a step.
        rho: the share of the past in v.
        momentum: the share of the last step that is made again.
        epsilon: keeps the quotient finite, under the root.
        centered: whether to take the square of the mean gradient off v, which makes it a variance.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([1.0])
        >>> _ = RMSprop(0.5, rho=0.75).apply_gradients([(jnp.array([4.0]), w)])
        >>> w.numpy()  # 1 - 0.5 * 4 / sqrt(0.25 * 16)
        array([0.], dtype=float32)

    Source: Hinton's lecture 6e (2012); https://keras.io/api/optimizers/rmsprop/
    """

    slots = ({"_velocities": "velocity"}, {"_momentums": "momentum"}, {"_average_gradients": "average_gradient"})

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.rmsprop(learning_rate, self.rho, self.momentum, self.epsilon, self.centered)
