"""Axes by name, in the notation of einops.

Source: https://einops.rocks
"""

from __future__ import annotations

import math
import re

import jax.numpy as jnp

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike


@op
def rearrange(tensor: ArrayLike, pattern: str, **axes_lengths: int) -> Array:
    """Splits, moves and joins axes as a pattern of names says, in the notation of einops.

    Args:
        tensor: the array.
        pattern: "axes -> axes". Names in brackets form one axis.
        **axes_lengths: sizes of names inside a bracket on the left; one for each bracket may be left out.

    Raises:
        ValueError: if the pattern has no arrow, doesn't fit the array, or has different names on both sides.

    Example:
        >>> rearrange(np.zeros((2, 6, 4)), "b (h w) c -> b c h w", h=2).shape
        (2, 4, 2, 3)

    Source: https://einops.rocks
    """
    x = jnp.asarray(tensor)
    before, arrow, after = pattern.partition("->")
    left, right = _groups(before), _groups(after)
    names = [name for group in left for name in group]
    if not arrow or len(left) != x.ndim or sorted(names) != sorted(name for group in right for name in group):
        raise ValueError(
            f"rearrange: '{pattern}' doesn't describe an array of shape {x.shape}. Name each of its {x.ndim} axes "
            "left of '->' and the same names right of it."
        )
    sizes = dict(axes_lengths)
    for group, size in zip(left, x.shape, strict=True):
        missing = [name for name in group if name not in sizes]
        for name in missing[:1]:
            sizes[name] = size // math.prod(sizes[n] for n in group if n in sizes)
        if len(missing) > 1 or math.prod(sizes[n] for n in group if n in sizes) != size:
            raise ValueError(
                f"rearrange: the axis ({' '.join(group)}) has size {size}; got {axes_lengths}. Give the sizes of all "
                "its names but one, such that they divide it."
            )
    x = jnp.transpose(x.reshape([sizes[n] for n in names]), [names.index(n) for group in right for n in group])
    return x.reshape([math.prod(sizes[n] for n in group) for group in right])


def _groups(side: str) -> list[list[str]]:
    """'b (h w) c' -> [['b'], ['h', 'w'], ['c']]."""
    return [part.strip("()").split() for part in re.findall(r"\([^)]*\)|\w+", side)]
