"""SeedGenerator: a random stream as a two-number state, `[seed, counter]`, which is itself a JAX key.

Two streams of the host decide every seed, as in Keras: Python's `random` (a draw when an object without a seed is made)
and NumPy's global one (the shuffles of `fit`). `jaxnn.utils.set_random_seed` sets both.
"""

from __future__ import annotations

import functools
import random as python_random
from typing import Any

import jax
import numpy as np

from jaxnn.core import registry
from jaxnn.core.naming import auto_name, name_scope
from jaxnn.core.scope import current_scope, tracing
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable

_MAX_SEED = int(1e9)
_global: SeedGenerator | None = None


class UnseededDrawError(ValueError):
    """A draw from the global stream while JAX traces."""


def make_default_seed() -> int:
    """A seed from Python's `random`, between 1 and 1e9."""
    return python_random.randint(1, _MAX_SEED)


@registry.export("random")
class SeedGenerator:
    """A stream of random keys. Layers own one each, so that equal seeds give equal masks.

    Args:
        seed: an int; None draws one from Python's `random`.
        name: of the state variable's scope.

    Example:
        >>> generator = SeedGenerator(42)
        >>> generator.next(), generator.next()
        (Array([42, 0], dtype=uint32), Array([42, 1], dtype=uint32))

    Source: `keras.random.SeedGenerator`.
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any):
        kwargs.pop("backend", None)
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
        self.name = name or auto_name(type(self).__name__)
        self._initial_seed = seed
        seed = make_default_seed() if seed is None else seed
        if not isinstance(seed, int):
            raise ValueError(f"Argument `seed` must be an integer. Received: seed={seed}")
        start = functools.partial(_first_state, seed)
        with name_scope(self.name):
            self.state = Variable(start, shape=(2,), dtype="uint32", trainable=False, name="seed_generator_state")

    def next(self, ordered: bool = True) -> Array:
        """The next key: `[seed, counter]`; the counter moves on by one.

        Args:
            ordered: False steps by Keras's congruence instead: its global, unseeded stream.
        """
        scope = current_scope()
        if scope is not None:
            key = scope.draw_key()
            if key is not None:
                return key
            if ordered:
                return scope.draw(self.state)
            state = self.state.value
            self.state.assign((state + 1) * 5387 % 933199)
            return state
        now = np.asarray(self.state._stored())
        step = (
            now + np.array([0, 1], np.uint32) if ordered else (now + np.uint32(1)) * np.uint32(5387) % np.uint32(933199)
        )
        self.state.assign(step)
        return jax.device_put(now)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make a generator of the same stream (a seed of None draws a new one)."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """The generator of a config."""
        return cls(**config)


def _first_state(seed: int, shape: tuple, dtype: str) -> np.ndarray:
    return np.array([seed & 0xFFFFFFFF, 0], np.uint32)


def global_seed_generator() -> SeedGenerator:
    """The stream behind unseeded `random.*` calls; born at the first of them."""
    global _global
    if _global is None:
        with jax.ensure_compile_time_eval():
            _global = SeedGenerator()
    return _global


def reset_global_seed_generator() -> None:
    """Forgets the global stream; the next unseeded draw starts a new one."""
    global _global
    _global = None


def draw_seed(seed: int | SeedGenerator | Array | None) -> Array:
    """A raw key for `jax.random` from whatever an argument `seed` may be.

    An int is the key `[seed, 0]`, the same at each call; a generator gives its next key; None draws from the global
    stream; a JAX key is taken as it is. In a scope that has a key of its own (`apply(..., key=key)`), ints and
    generators give keys folded from that one.

    Raises:
        ValueError: for anything else; and for None while JAX traces, when the draw would become a constant.
    """
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        scope = current_scope()
        key = None if scope is None else scope.draw_key()
        return jax.device_put(np.array([int(seed) & 0xFFFFFFFF, 0], np.uint32)) if key is None else key
    if seed is None:
        scope = current_scope()
        key = None if scope is None else scope.draw_key()
        return _unseeded() if key is None else key
    if isinstance(seed, jax.Array):
        return seed
    raise ValueError(
        "Argument `seed` must be either an integer or an instance of `SeedGenerator`. "
        f"Received: seed={seed} (of type {type(seed)})"
    )


def _unseeded() -> Array:
    if tracing():
        raise UnseededDrawError(
            "When tracing a JAX function, you should only use seeded random ops: the draw of one without a seed would become "
            "a constant. Make a `self.seed_generator = keras.random.SeedGenerator(seed)` in the layer and pass it as `seed=`, or call "
            "`apply(..., key=key)`."
        )
    return global_seed_generator().next(ordered=False)
