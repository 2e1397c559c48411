"""Ftrl: follow the regularised leader, for sparse linear models."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.optimizers import transforms
from jaxnn.optimizers.transform_optimizer import TransformOptimizer, takes_base_arguments
from jaxnn.optimizers.transformation import GradientTransformation


@registry.export("optimizers")
@takes_base_arguments
class Ftrl(TransformOptimizer):
    """Follow the regularised leader: weights whose evidence stays below the L1 strength are exactly 0.

    n += g^2; z += g - (n^-p - n_old^-p) / learning_rate * w; w = (clip(z, -l1, l1) - z) / (n^-p / learning_rate + 2 l2 +
    beta / learning_rate).

    Args:
        learning_rate: the first step's length.
        learning_rate_power: p, how fast the steps shrink; at most 0, and 0 keeps them.
        initial_accumulator_value: where n begins; not negative.
        l1_regularization_strength: l1; not negative.
        l2_regularization_strength: l2; not negative.
        l2_shrinkage_regularization_strength: an L2 penalty on the weights themselves; not negative.
        beta: the paper's beta.
        **kwargs: see `Optimizer`.

    Raises:
        ValueError: for a strength out of its range.

    Example:
        >>> w = Variable([0.5, 0.5])
        >>> _ = Ftrl(0.1, l1_regularization_strength=4.0).apply_gradients([(jnp.array([0.1, 9.0]), w)])
        >>> w.numpy()[0]
        np.float32(0.0)

    Source: McMahan et al. (2013), https://research.google.com/pubs/archive/41159.pdf; https://keras.io/api/optimizers/ftrl/
    """

    slots = ({"_accumulators": "accumulator", "_linears": "linear"},)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, **kwargs)
        if learning_rate_power > 0.0:
            raise ValueError(
                "`learning_rate_power` needs to be negative or zero. Received: "
                f"learning_rate_power={learning_rate_power}."
            )
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = _not_negative("initial_accumulator_value", initial_accumulator_value)
        self.l1_regularization_strength = _not_negative("l1_regularization_strength", l1_regularization_strength)
        self.l2_regularization_strength = _not_negative("l2_regularization_strength", l2_regularization_strength)
        self.l2_shrinkage_regularization_strength = _not_negative(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = beta

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.ftrl(
            learning_rate,
            self.learning_rate_power,
            self.initial_accumulator_value,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )


def _not_negative(argument: str, value: float) -> float:
    if value < 0.0:
        raise ValueError(f"`{argument}` needs to be positive or zero. Received: {argument}={value}.")
    return value
