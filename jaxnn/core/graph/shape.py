"""Shapes: tuples of ints, and of None where a dimension isn't known yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jaxnn.core.types import Shape


def standardize_shape(shape: Any) -> Shape:
    """A shape as a tuple of ints and Nones.

    Raises:
        ValueError: for None, and for dimensions that are neither None nor whole numbers of at least 0.
    """
    if shape is None:
        raise ValueError("Undefined shapes are not supported.")
    if not hasattr(shape, "__iter__"):
        raise ValueError(f"Cannot convert '{shape}' to a shape.")
    dims = []
    for d in shape:
        if d is not None and (not hasattr(d, "__index__") or isinstance(d, bool)):
            raise ValueError(
                f"Cannot convert '{tuple(shape)}' to a shape. Found invalid dimension '{d}' of type '{type(d)}'."
            )
        if d is not None and int(d) < 0:
            raise ValueError(f"Cannot convert '{tuple(shape)}' to a shape. Negative dimensions are not allowed.")
        dims.append(None if d is None else int(d))
    return tuple(dims)


def fits(shape: Iterable, expected: Shape) -> bool:
    """Whether a shape agrees with another wherever both are known."""
    shape = tuple(shape)
    return len(shape) == len(expected) and all(
        a == b or a is None or b is None for a, b in zip(shape, expected, strict=True)
    )
