"""The learning rate: a Variable, a schedule or a function; its old names, and Keras 2's `decay`."""

from __future__ import annotations

import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import config
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.optimizers.schedules import LearningRateSchedule


class LearningRateOwner:
    """Reads and sets an optimiser's learning rate. `_learning_rate` is a Variable, or whatever is called for it."""

    _learning_rate: Any
    _iterations: Variable
    _variables: list[Variable]
    decay: float

    @property
    def learning_rate(self) -> Any:
        """The learning rate: its Variable, or the current value of a schedule or function. Settable while training."""
        if not callable(self._learning_rate):
            return self._learning_rate
        if isinstance(self._learning_rate, LearningRateSchedule) or _takes_a_step(self._learning_rate):
            return self._learning_rate(self._iterations.value)
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        before = self._learning_rate
        if callable(learning_rate):
            if isinstance(before, Variable):
                vars(self)["_variables"] = [v for v in self._variables if v is not before]
            self._learning_rate = learning_rate
        elif callable(before):
            raise TypeError(
                "This optimizer was created with a `LearningRateSchedule` object as its `learning_rate` constructor "
                "argument, hence its learning rate is not settable. If you need the learning rate to be settable, you "
                "should instantiate the optimizer with a float `learning_rate` argument."
            )
        else:
            before.assign(learning_rate)

    @property
    def lr(self) -> Any:
        """The learning rate, by the name it had until Keras 2.2."""
        return self.learning_rate

    @lr.setter
    def lr(self, learning_rate: Any) -> None:
        self.learning_rate = learning_rate

    def _rate(self) -> Array:
        """The rate of this step, an array: what `learning_rate` says, less the decay of Keras 2."""
        rate = jnp.asarray(self.learning_rate)
        return rate / (1.0 + self.decay * self._iterations.value.astype(rate.dtype)) if self.decay else rate

    def _keras_2_arguments(self, learning_rate: Any, kwargs: dict[str, Any]) -> tuple[Any, float]:
        who = type(self).__name__
        if "lr" in kwargs:
            learning_rate = kwargs.pop("lr")
            config.warn_once(f"{who}: `lr` is taken as `learning_rate`, its name since Keras 2.3.", key="optimizer lr")
        decay = kwargs.pop("decay", None) or 0.0
        if decay:
            config.warn_once(
                f"{who}: decay={decay} is followed as in Keras 2, learning_rate / (1 + decay * iterations); Keras 3 "
                "ignores it. `schedules.InverseTimeDecay(learning_rate, 1, decay)` says the same in today's words.",
                key="optimizer decay",
            )
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        return learning_rate, decay


def number(learning_rate: Any) -> Any:
    """A learning rate that is a number, as one.

    Raises:
        ValueError: for anything else.
    """
    scalar = isinstance(learning_rate, int | float | np.number | np.ndarray | jax.Array | Variable)
    if isinstance(learning_rate, bool) or not scalar or np.shape(learning_rate) != ():
        raise ValueError(
            "Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or a callable (that takes "
            "in the current iteration value and returns the corresponding learning rate value). Received instead: "
            f"learning_rate={learning_rate}"
        )
    return learning_rate


def _takes_a_step(function: Any) -> bool:
    """Whether a function needs an argument, as optax's schedules do."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
