"""Learning rates that depend on the step: `SGD(schedules.ExponentialDecay(0.1, 1000, 0.9))`.

A schedule is a function of the count of steps done, `schedule(step) -> rate`. It runs inside the compiled step, so it is
written in JAX's operations and without branches on `step`. The sums stand in Keras's order.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core import config, registry
from jaxnn.core.types import Array


@registry.export("optimizers.schedules")
class LearningRateSchedule:
    """The base of schedules. Subclass it with `__call__(step)`; add `get_config` to make it savable.

    Example:
        >>> class Inverse(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 / (step + 1)
        >>> Inverse()(1)
        0.05

    Source: `keras.optimizers.schedules.LearningRateSchedule`.
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate after `step` steps.

        Raises:
            NotImplementedError: in a subclass that has no `__call__` of its own.
        """
        raise NotImplementedError(
            f"Learning rate schedule '{type(self).__name__}' must override `__call__(self, step)`."
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule.

        Raises:
            NotImplementedError: in a subclass that has no `get_config` of its own.
        """
        raise NotImplementedError(
            f"Learning rate schedule '{type(self).__name__}' must override `get_config()` in order to be serializable."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """The schedule of a config."""
        return cls(**config)


class _Decay(LearningRateSchedule):
    """A schedule of this file: its config is read from its signature, also for a user's subclass of it."""

    def get_config(self) -> dict[str, Any]:
        ours = next(cls for cls in type(self).__mro__ if cls.__module__ == __name__)
        return registry.signature_config(self, ours)


@registry.export("optimizers.schedules")
class ExponentialDecay(_Decay):
    """initial * decay_rate^(step / decay_steps); a staircase takes the quotient's whole part.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: in how many steps the rate is multiplied by `decay_rate` once; above 0.
        decay_rate: the factor.
        staircase: whether the rate stays constant for `decay_steps` steps at a time.
        name: as in Keras.

    Raises:
        ValueError: if `decay_steps` is not above 0.

    Example:
        >>> float(ExponentialDecay(0.5, decay_steps=10, decay_rate=0.25)(5))
        0.25

    Source: https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Array:
        """The rate after `step` steps."""
        initial, steps, rate, step = _arrays(self.initial_learning_rate, self.decay_steps, self.decay_rate, step)
        p = step / steps
        return initial * jnp.power(rate, jnp.floor(p) if self.staircase else p)


@registry.export("optimizers.schedules")
class InverseTimeDecay(_Decay):
    """initial / (1 + decay_rate * step / decay_steps); a staircase takes the quotient's whole part.

    With `decay_steps=1` this is what `decay=` meant in Keras 2.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the unit of time, in steps; above 0.
        decay_rate: how much the divisor grows in one unit.
        staircase: whether the rate stays constant for `decay_steps` steps at a time.
        name: as in Keras.

    Raises:
        ValueError: if `decay_steps` is not above 0.

    Example:
        >>> float(InverseTimeDecay(1.0, decay_steps=1, decay_rate=0.5)(2))
        0.5

    Source: https://keras.io/api/optimizers/learning_rate_schedules/inverse_time_decay/
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Array:
        """The rate after `step` steps."""
        initial, steps, rate, step = _arrays(self.initial_learning_rate, self.decay_steps, self.decay_rate, step)
        p = step / steps
        return initial / (1 + rate * (jnp.floor(p) if self.staircase else p))


@registry.export("optimizers.schedules")
class PiecewiseConstantDecay(_Decay):
    """values[i] while boundaries[i - 1] < step <= boundaries[i].

    Args:
        boundaries: steps, increasing.
        values: the rates between them, one more than boundaries.
        name: as in Keras.

    Raises:
        ValueError: if the lengths don't fit.

    Example:
        >>> schedule = PiecewiseConstantDecay([2], [1.0, 0.5])
        >>> [float(schedule(step)) for step in (0, 2, 3)]
        [1.0, 1.0, 0.5]

    Source: https://keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay/
    """

    def __init__(self, boundaries: list, values: list, name: str = "PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "The length of boundaries should be 1 less than the length of values. Received: "
                f"boundaries={boundaries} of length {len(boundaries)}, and values={values} of length {len(values)}."
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Array:
        """The rate after `step` steps."""
        step = jnp.asarray(step)
        boundaries = jnp.asarray(self.boundaries).astype(step.dtype)
        return jnp.stack(_arrays(*self.values))[jnp.sum(step > boundaries)]


@registry.export("optimizers.schedules")
class PolynomialDecay(_Decay):
    """(initial - end) (1 - step / decay_steps)^power + end, and `end` from then on.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: when `end_learning_rate` is reached; above 0.
        end_learning_rate: the last rate.
        power: 1 is a straight line.
        cycle: whether to start again from higher up each time the end is reached: `decay_steps` becomes the first
            multiple of itself that is not below `step`.
        name: as in Keras.

    Raises:
        ValueError: if `decay_steps` is not above 0.

    Example:
        >>> float(PolynomialDecay(1.0, decay_steps=4, end_learning_rate=0.5)(2))
        0.75

    Source: https://keras.io/api/optimizers/learning_rate_schedules/polynomial_decay/
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Array:
        """The rate after `step` steps."""
        initial, steps, end, power, step = _arrays(
            self.initial_learning_rate, self.decay_steps, self.end_learning_rate, self.power, step
        )
        if self.cycle:
            steps = steps * jnp.where(step == 0, 1.0, jnp.ceil(step / self.decay_steps))
        else:
            step = jnp.minimum(step, steps)
        return (initial - end) * jnp.power(1 - step / steps, power) + end


@registry.export("optimizers.schedules")
class CosineDecay(_Decay):
    """top ((1 - alpha) (1 + cos(pi step / decay_steps)) / 2 + alpha), after a straight warm-up to the top if asked for.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: how many steps the fall takes, after the warm-up; above 0.
        alpha: the last rate as a fraction of the top.
        name: as in Keras.
        warmup_target: the top. None starts the fall at `initial_learning_rate`.
        warmup_steps: how many steps the rise takes.

    Raises:
        ValueError: if `decay_steps` is not above 0.

    Example:
        >>> schedule = CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=4)
        >>> [round(float(schedule(step)), 6) for step in (0, 2, 4, 9, 14)]
        [0.0, 0.5, 1.0, 0.5, 0.0]

    Source: Loshchilov and Hutter, arXiv:1608.03983; the warm-up: Goyal et al., arXiv:1706.02677. An integer
    `initial_learning_rate` of 0 is a float here; Keras rounds every later rate to an integer then.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Array:
        """The rate after `step` steps."""
        initial, steps, step = _arrays(self.initial_learning_rate, self.decay_steps, step)
        if self.warmup_target is None:
            return self._fall(jnp.minimum(step, steps), steps, initial)
        top, warmup = _arrays(self.warmup_target, self.warmup_steps)
        step = jnp.minimum(step, steps + warmup)
        return jax.lax.cond(
            step < warmup,
            lambda: (top - initial) * (step / warmup) + initial,
            lambda: self._fall(step - warmup, steps, top),
        )

    def _fall(self, step: Array, steps: Array, top: Array) -> Array:
        cosine = 0.5 * (1.0 + jnp.cos(jnp.asarray(math.pi, step.dtype) * (step / steps)))
        return top * ((1 - self.alpha) * cosine + self.alpha)


@registry.export("optimizers.schedules")
class CosineDecayRestarts(_Decay):
    """Cosine falls one after another: each `t_mul` times longer, starting `m_mul` times as high as the one before.

    Args:
        initial_learning_rate: the first top.
        first_decay_steps: how many steps the first fall takes; above 0.
        t_mul: the ratio of one fall's length to the one before.
        m_mul: the ratio of one top to the one before.
        alpha: where each fall ends, as a fraction of `initial_learning_rate`.
        name: as in Keras.

    Raises:
        ValueError: if `first_decay_steps` is not above 0.

    Example:
        >>> schedule = CosineDecayRestarts(1.0, first_decay_steps=10, m_mul=0.5)
        >>> [round(float(schedule(step)), 6) for step in (0, 5, 10)]
        [1.0, 0.5, 0.5]

    Source: Loshchilov and Hutter, arXiv:1608.03983.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ):
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Array:
        """The rate after `step` steps."""
        initial, steps, step = _arrays(self.initial_learning_rate, self.first_decay_steps, step)
        alpha, t_mul, m_mul = _arrays(self.alpha, self.t_mul, self.m_mul)
        done = step / steps
        if self.t_mul == 1.0:
            restarts = jnp.floor(done)
            done = done - restarts
        else:  # the falls' lengths are a geometric series
            restarts = jnp.floor(jnp.log(1.0 - done * (1.0 - t_mul)) / jnp.log(t_mul))
            before = (1.0 - jnp.power(t_mul, restarts)) / (1.0 - t_mul)
            done = (done - before) / jnp.power(t_mul, restarts)
        cosine = 0.5 * jnp.power(m_mul, restarts) * (1.0 + jnp.cos(jnp.asarray(math.pi, done.dtype) * done))
        return initial * ((1 - alpha) * cosine + alpha)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The config of a schedule, with Keras's module name."""
    return registry.serialize_keras_object(learning_rate_schedule)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> LearningRateSchedule:
    """The schedule of a config, with or without a module name."""
    return registry.deserialize("optimizers.schedules", config, custom_objects)


def _positive(argument: str, value: Any) -> Any:
    if value <= 0:
        raise ValueError(f"Argument `{argument}` must be > 0. Received: {argument}={value}")
    return value


def _arrays(*numbers: Any) -> list[Array]:
    """The numbers as float scalars, Variables and integers too."""
    return [jnp.asarray(number, config.floatx()) for number in numbers]
