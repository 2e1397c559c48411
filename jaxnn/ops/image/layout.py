"""What functions of images share: where height, width and channels are, and a look at the arguments."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import jax.numpy as jnp

from jaxnn.core.config import standardize_data_format
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor


def axes_of(data_format: str | None) -> tuple[int, int, int]:
    """Where height, width and channels are, counted from the end."""
    return (-3, -2, -1) if standardize_data_format(data_format) == "channels_last" else (-2, -1, -3)


def check_rank(images: Any, name: str = "images") -> None:
    """Raises a ValueError unless this is an image or a batch of them, known or symbolic."""
    if len(images.shape) not in (3, 4):
        raise ValueError(
            f"Invalid {name} rank: expected rank 3 (single image) or rank 4 (batch of images). Received input with "
            f"shape: {name}.shape={tuple(images.shape)}"
        )


def as_batch(
    images: ArrayLike, data_format: str | None, name: str = "images"
) -> tuple[Array, Callable[[Array], Array]]:
    """A batch with channels last, and the function that gives a result of that layout the layout that was given.

    Raises:
        ValueError: unless there are three or four axes.
    """
    images = tensor(images)
    check_rank(images, name)
    single, channels = images.ndim == 3, axes_of(data_format)[2]
    batch = jnp.moveaxis(images[None] if single else images, channels, -1)

    def back(result: Array) -> Array:
        result = jnp.moveaxis(result, -1, channels)
        return result[0] if single else result

    return batch, back


def one_of(name: str, value: Any, allowed: Collection) -> None:
    """Raises a ValueError unless an argument is one of the allowed values."""
    if value not in allowed:
        raise ValueError(
            f"Invalid value for argument `{name}`. Expected one of {sorted(allowed)}. Received: {name}={value}"
        )
