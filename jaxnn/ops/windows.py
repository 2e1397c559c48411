"""What convolution and pooling share: windows that slide over the spatial axes of images, sounds and volumes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from jax import lax

from jaxnn.core.types import Array

Pads = tuple[tuple[int, int], ...]  # before and after, an axis


def per_axis(argument: str, value: Any, rank: int, who: str = "", least: int = 1) -> tuple[int, ...]:
    """A size for every spatial axis; one number is meant for all.

    Args:
        argument: what is sized, for messages.
        value: an int or `rank` of them.
        rank: the number of spatial axes.
        who: has the argument.
        least: what every size is at least.

    Raises:
        ValueError: if there are more or fewer, or one is no whole number or too small.
    """
    who = f"{who}: " if who else ""
    expected = f"{who}The `{argument}` argument must be a tuple of {rank} integers. Received {argument}={value}"
    hint = "Give one for each spatial axis, or a single one for all." if rank > 1 else "Give a single one."
    sizes = (value,) * rank if isinstance(value, int) else tuple(value) if isinstance(value, list | tuple) else ()
    if len(sizes) != rank or not all(isinstance(n, int | float | np.integer) and int(n) == n for n in sizes):
        raise ValueError(f"{expected}. {hint}")
    small = {int(n) for n in sizes if n < least}
    if small:
        raise ValueError(
            f"{expected}, including values {small} that do not satisfy `value {'> 0' if least else '>= 0'}`. {hint}"
        )
    return tuple(int(n) for n in sizes)


def sides(argument: str, value: Any, rank: int, who: str) -> Pads:
    """Numbers of entries before and after, for every spatial axis.

    Args:
        argument: what they are, for messages.
        value: an int for all; or, for every axis, an int or a pair (with one axis: the pair).
        rank: the number of spatial axes.
        who: has the argument.

    Raises:
        ValueError: for another number of them, and for one that is negative or no whole number.
    """
    if isinstance(value, int):
        value = (value,) * (rank if rank > 1 else 2)
    if rank == 1:
        value = (value,)
    if not isinstance(value, list | tuple) or len(value) != rank:
        raise ValueError(
            f"{who}: `{argument}` should have {'two' if rank == 2 else rank} elements: an int, or a pair of ints, for "
            f"each spatial axis. Received: {argument}={value}."
        )
    name = "{} entry of " + argument if rank > 1 else argument
    pairs = zip(("1st", "2nd", "3rd"), value, strict=False)
    return tuple(per_axis(name.format(place), pair, 2, who, least=0) for place, pair in pairs)  # type: ignore[misc]


def pads_of(padding: Any, sizes: Sequence[int], extents: Sequence[int], strides: Sequence[int]) -> Pads:
    """The zeros (or other neutral numbers) to put around the inputs.

    Args:
        padding: "valid" for none, "same" for outputs of `ceil(size / stride)`, or a pair for every axis.
        sizes: of the spatial axes.
        extents: of the window along them, holes of a dilation included.
        strides: of the window.

    Raises:
        ValueError: for another padding.
    """
    if not isinstance(padding, str):
        return tuple((int(before), int(after)) for before, after in padding)
    if padding.lower() not in ("valid", "same"):
        raise ValueError(f"`padding` must be 'valid' or 'same'; got '{padding}'.")
    return tuple((int(a), int(b)) for a, b in lax.padtype_to_pads(sizes, extents, strides, padding.upper()))


def places_along(size: int | None, extent: int, stride: int, pad: int = 0) -> int | None:
    """How many places a window has along an axis; None where the axis' size is unknown."""
    return None if size is None else (size + pad - extent) // stride + 1


def spans(sizes: Sequence[int], window: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """How many places a window has along every axis."""
    return [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(sizes, window, strides, dilation, strict=True)]


def slices(x: Array, window: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> list[Array]:
    """For each entry of a window, in row-major order, what lies under it at all of the window's places.

    Args:
        x: the array; every axis is slid along.
        window: its size along each.
        strides: how far it goes from place to place.
        dilation: the distance of its neighbouring entries.
    """
    counts = spans(x.shape, window, strides, dilation)
    found = []
    for entry in itertools.product(*map(range, window)):
        starts = [i * d for i, d in zip(entry, dilation, strict=True)]
        stops = [a + (n - 1) * s + 1 for a, n, s in zip(starts, counts, strides, strict=True)]
        found.append(lax.slice(x, starts, stops, strides))
    return found
