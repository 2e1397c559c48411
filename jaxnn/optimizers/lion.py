"""Lion: steps of one size, in the direction of a momentum's signs."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.optimizers import transforms
from jaxnn.optimizers.transform_optimizer import TransformOptimizer, takes_base_arguments
from jaxnn.optimizers.transformation import GradientTransformation


@registry.export("optimizers")
@takes_base_arguments
class Lion(TransformOptimizer):
    """w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g); then m = beta_2 * m + (1 - beta_2) * g.

    Args:
        learning_rate: the size of every step; 3 to 10 times smaller than Adam's serves, with as much more weight decay.
        beta_1: the share of m in the step's direction, in (0, 1].
        beta_2: the share of the past in m.
        **kwargs: see `Optimizer`.

    Raises:
        ValueError: for a `beta_1` outside (0, 1].

    Example:
        >>> w = Variable([1.0, 1.0])
        >>> _ = Lion(0.25).apply_gradients([(jnp.array([0.01, -100.0]), w)])
        >>> w.numpy()
        array([0.75, 1.25], dtype=float32)

    Source: Chen et al., arXiv:2302.06675; https://keras.io/api/optimizers/lion/
    """

    slots = ({"_momentums": "momentum"},)

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        if not 0 < beta_1 <= 1:
            raise ValueError(
                "Argument `beta_1` must be in the [0, 1] range. Otherwise, the optimizer degenerates to SignSGD. "
                f"Received: beta_1={beta_1}."
            )
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.lion(learning_rate, self.beta_1, self.beta_2)
