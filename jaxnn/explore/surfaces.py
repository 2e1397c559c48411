"""Surfaces to walk down, each a function of two numbers with its start and what to see of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp

from jaxnn.core.types import Array


class Surface(NamedTuple):
    """A function of a vector of two, where paths start, the plane's ends (None: where the paths are), and the axes' names.

    A mean over rows of data also has `on(w, rows)`, the mean over some of them, and how many `rows` there are.
    """

    function: Callable[[Array], Any]
    start: tuple[float, float]
    span: Any
    axes: Sequence[str] = ("a", "b")
    on: Callable[[Array, Array], Any] | None = None
    rows: int = 0


SURFACES = {
    # steep across, flat along: plain descent jumps from wall to wall
    "ravine": Surface(lambda w: (w[0] ** 2 + 40 * w[1] ** 2) / 2, (2.0, 0.5), ((-0.8, 2.4), (-0.8, 0.8))),
    # down along one axis, up along the other: the slope is nearly 0 where paths should turn off
    "saddle": Surface(lambda w: (w[0] ** 2 - w[1] ** 2) / 2, (0.5, 1e-3), ((-0.6, 0.6), (-0.6, 0.6))),
    # hollows on the way to the bottom
    "bumpy": Surface(
        lambda w: w[0] ** 2 / 20 + 0.15 * jnp.sin(3 * w[0]) + w[1] ** 2 / 2, (5.0, 1.0), ((-3.0, 6.0), (-1.5, 1.5))
    ),
}
