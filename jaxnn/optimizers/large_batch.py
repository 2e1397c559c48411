"""Lamb and Adafactor: made for large batches and large models. Their steps are relative to the size of the variable."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.core.variable import Variable
from jaxnn.optimizers import transforms
from jaxnn.optimizers.transform_optimizer import TransformOptimizer, constant_like, takes_base_arguments
from jaxnn.optimizers.transformation import GradientTransformation


@registry.export("optimizers")
@takes_base_arguments
class Lamb(TransformOptimizer):
    """Adam's direction d, its length made the variable's: w -= ||w|| / ||d|| * learning_rate * d.

    Args:
        learning_rate: the step's length as a fraction of the variable's.
        beta_1: as Adam's.
        beta_2: as Adam's.
        epsilon: keeps the quotient finite; here it is added after the correction of v.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([3.0, 4.0])
        >>> _ = Lamb(0.1).apply_gradients([(jnp.array([0.0, 7.0]), w)])
        >>> w.numpy()  # a tenth of the norm 5
        array([3. , 3.5], dtype=float32)

    Source: You et al., arXiv:1904.00962; https://keras.io/api/optimizers/lamb/
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
        return transforms.lamb(learning_rate, self.beta_1, self.beta_2, self.epsilon)


@registry.export("optimizers")
@takes_base_arguments
class Adafactor(TransformOptimizer):
    """RMSprop whose mean squares of a matrix are kept as row means and column means: less memory.

    Args:
        learning_rate: the largest step relative to the variable's root mean square.
        beta_2_decay: the share of the past grows as 1 - t^beta_2_decay.
        epsilon_1: keeps the mean squares above 0.
        epsilon_2: the smallest root mean square a variable counts as having.
        clip_threshold: the largest root mean square of a direction.
        relative_step: whether a constant learning rate is held below 1 / sqrt(t).
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([[2.0, 2.0]])
        >>> _ = Adafactor(0.25).apply_gradients([(jnp.array([[5.0, -5.0]]), w)])
        >>> w.numpy()
        array([[1.5, 2.5]], dtype=float32)

    Source: Shazeer and Stern, arXiv:1804.04235; https://keras.io/api/optimizers/adafactor/. Like Keras, it keeps the
    product of the two means too.
    """

    slots = ({"_r": "r", "_c": "c", "_v": "velocity"},)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        relative = self.relative_step and not callable(self._learning_rate)
        return transforms.adafactor(
            learning_rate, self.beta_2_decay, self.epsilon_1, self.epsilon_2, self.clip_threshold, relative
        )

    def _make_slot(self, variable: Variable, slot: str, first: Any) -> Variable | None:
        if slot == "velocity":
            return super()._make_slot(variable, slot, first)
        if len(variable.shape) < 2:  # Keras's files keep a place for the means that a vector doesn't have
            placeholder = Variable(first, name=variable.name, trainable=False)
            self._track(placeholder)
            return placeholder
        if self._overwrite_variable_with_gradient(variable):
            return None
        return self.add_variable(first.shape, constant_like(first), variable.dtype, name=variable.name)
