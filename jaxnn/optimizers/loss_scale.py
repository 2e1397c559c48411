"""LossScaleOptimizer: scales the loss as far up as float16 allows, so that small gradients don't vanish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn import initializers
from jaxnn.core import registry
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.optimizers.optimizer import Optimizer, dense

_INNER = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}


@registry.export("optimizers", also=("keras.mixed_precision.LossScaleOptimizer",))
class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale, divides the gradients by it, and moves by an inner optimiser.

    A step whose gradients are not all finite is left out, and the scale halved. After `dynamic_growth_steps` steps in a
    row that were finite the scale is doubled.

    Args:
        inner_optimizer: the optimiser that moves the variables.
        initial_scale: the first scale; too high costs a few steps, too low takes long to grow.
        dynamic_growth_steps: see above.
        name: None takes the class's name.
        **kwargs: the base's other arguments are for the inner optimiser, and refused here.

    Raises:
        ValueError: for an argument that belongs to the inner optimiser, or that nobody knows.

    Example:
        >>> w = Variable([1.0])
        >>> optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=8.0)
        >>> optimizer.apply([jnp.array([8.0])], [w])
        >>> optimizer.apply([jnp.array([jnp.inf])], [w])
        >>> w.numpy(), float(optimizer.scale_loss(1.0))
        (array([0.5], dtype=float32), 4.0)

    Source: https://keras.io/api/optimizers/loss_scale_optimizer/; Micikevicius et al., arXiv:1710.03740.
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ):
        if not kwargs.pop("dynamic", True):
            raise ValueError(
                "LossScaleOptimizer no longer supports `dynamic=False`. Instead, simply set `loss_scale_factor` directly "
                "on the `inner_optimizer`."
            )
        for argument, default in _INNER.items():
            if kwargs.pop(argument, default) != default:
                raise ValueError(
                    f"LossScaleOptimizer does not support `{argument}`. Instead, set `{argument}` on the `inner_optimizer`."
                )
        if kwargs:
            raise ValueError(f"LossScaleOptimizer does not support arguments: `{'`, `'.join(kwargs)}`.")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        self.inner_optimizer.loss_scale_factor = None  # or the gradients would be scaled twice

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the scale and its counter, and builds the inner optimiser."""
        if self.built:
            return
        self.step_counter = self.add_variable((), "zeros", "int32", name="step_counter")
        self.dynamic_scale = self.add_variable(
            (), initializers.Constant(self.initial_scale), "float32", name="dynamic_scale"
        )
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then the inner optimiser's."""
        return self._variables + self.inner_optimizer.variables

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Moves the variables, or leaves the step out if a gradient is not finite.

        Args:
            grads: of the scaled loss, one for each variable.
            trainable_variables: the variables; None: those it was built for.
        """
        grads = [None if g is None else dense(g) for g in grads]
        if not grads:
            return
        moved = self._variables_for(grads, trainable_variables)
        finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(g)) for g in grads if g is not None]))
        held = [*self._trainable_variables, *self.variables]
        after = jax.lax.cond(
            finite,
            lambda: _values_after(lambda: self._move(grads, moved), held),
            lambda: _values_after(self._shrink, held),
        )
        for variable, value in zip(held, after, strict=True):
            variable.assign(value)

    def _move(self, grads: list, variables: list[Variable]) -> None:
        scale = self.dynamic_scale.value
        unscaled = [
            g if g is None or self._overwrite_variable_with_gradient(v) else g / scale
            for g, v in zip(grads, variables, strict=True)
        ]
        self.inner_optimizer.apply(unscaled, variables)
        grown = self.step_counter.value == self.dynamic_growth_steps - 1
        self.step_counter.assign(jnp.where(grown, 0, self.step_counter.value + 1))
        self.dynamic_scale.assign(jnp.where(grown, scale * 2.0, scale))

    def _shrink(self) -> None:
        self.step_counter.assign(0)
        self.dynamic_scale.assign(self.dynamic_scale.value * 0.5)

    @property
    def learning_rate(self) -> Any:
        """The inner optimiser's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def iterations(self) -> Any:
        """The inner optimiser's: steps that were left out don't count."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the current scale: what the gradients are to be taken of."""
        return loss * (self.dynamic_scale.value if self.built else self.initial_scale)

    def knowing(self, loss: Any, loss_at: Callable[[Sequence[Array]], Array]) -> AbstractContextManager:
        """What the inner optimiser makes of it."""
        return self.inner_optimizer.knowing(loss, loss_at)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """What the inner optimiser has left to do after the last step."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimiser, without its state."""
        return {
            "name": self.name,
            "inner_optimizer": registry.serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> LossScaleOptimizer:
        """The optimiser of a config."""
        rest = {k: v for k, v in config.items() if k != "inner_optimizer"}
        return cls(registry.deserialize_keras_object(config["inner_optimizer"], custom_objects), **rest)


def _values_after(step: Callable[[], None], variables: list[Variable]) -> list[Array]:
    """What the variables would be after a step that isn't made."""
    with StatelessScope([(v, v.value) for v in variables]) as scope:
        step()
    return [scope.get_current_value(v) for v in variables]
