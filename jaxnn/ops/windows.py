"""What convolution and pooling share: windows that slide over the spatial axes of images, sounds and volumes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from jax import lax

from jaxnn.core.types import Array

Pads = tuple[tuple[int, int], ...]  # before and after, an axis


def per_axis(name: str, value: Any, rank: int) -> tuple[int, ...]:
    """A size for every spatial axis; one number is meant for all.

    Args:
        name: what is sized, for messages.
        value: an int or `rank` of them.
        rank: the number of spatial axes.

    Raises:
        ValueError: if there are more or fewer, or one isn't a positive whole number.
    """
    sizes = (value,) * rank if isinstance(value, int) else tuple(value) if isinstance(value, list | tuple) else ()
    if len(sizes) != rank or not all(int(n) == n and n > 0 for n in sizes):
        wanted = "a positive int" if rank == 1 else f"a positive int, or {rank} of them, one for each spatial axis"
        raise ValueError(f"{name} must be {wanted}; got {value!r}.")
    return tuple(int(n) for n in sizes)


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
