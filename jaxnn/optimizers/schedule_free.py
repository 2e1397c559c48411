"""ScheduleFreeAdamW: averaging in place of a learning-rate schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jaxnn.core import registry
from jaxnn.core.variable import Variable
from jaxnn.optimizers import transforms
from jaxnn.optimizers.transform_optimizer import TransformOptimizer, takes_base_arguments
from jaxnn.optimizers.transformation import GradientTransformation


@registry.export("optimizers")
@takes_base_arguments
class ScheduleFreeAdamW(TransformOptimizer):
    """AdamW's steps are made at a point z; gradients are taken between z and the mean x of all z so far.

    The variables are (1 - beta_1) z + beta_1 x: close to the mean, which needs no falling learning rate to settle.

    Args:
        learning_rate: about the size of a step of z.
        beta_1: how close the variables are to the mean.
        beta_2: the share of the past in the mean square of the gradients.
        epsilon: keeps the quotient finite, after the bias correction.
        warmup_steps: over how many steps the rate rises to `learning_rate`.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([1.0])
        >>> _ = ScheduleFreeAdamW(0.25).apply_gradients([(jnp.array([8.0]), w)])
        >>> w.numpy()
        array([0.75], dtype=float32)

    Source: Defazio et al., arXiv:2405.15682; https://keras.io/api/optimizers/. z stands in the slot 'momentum', as in Keras.
    """

    slots = ({"_momentums": "momentum", "_velocities": "velocity"},)

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.schedule_free_adamw(learning_rate, self.beta_1, self.beta_2, self.epsilon, self.warmup_steps)

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the slots of these variables; z begins where they are."""
        if self.built:
            return
        super().build(variables)
        for z, variable in zip(self._momentums, self._trainable_variables, strict=True):
            if z is not None:
                self.assign(z, variable.numpy())  # a copy: two Variables must not share a buffer
