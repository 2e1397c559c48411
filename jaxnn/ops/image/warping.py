"""Images whose pixels come from other places: looked up at coordinates between the pixels, shifted, turned, bent."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.dtypes import result_type
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.seed import draw_seed
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.image.filters import blurred
from jaxnn.ops.image.layout import as_batch, check_rank, one_of

_ORDER = {"nearest": 0, "bilinear": 1}
_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")

# --- at given coordinates --------------------------------------------------------------------------------------------


@op
def map_coordinates(
    inputs: ArrayLike, coordinates: ArrayLike, order: int, fill_mode: str = "constant", fill_value: Any = 0
) -> Array:
    """The values of an array at places between its entries.

    Args:
        inputs: of any number of axes.
        coordinates: (inputs.ndim, ...), a place's position along each axis.
        order: 0 takes the nearest entry, 1 interpolates linearly.
        fill_mode: what stands beyond the ends: "constant" is `fill_value`; "nearest" repeats the last entry (a a|a b c|c c),
            "wrap" goes on from the other end (b c|a b c|a b), "mirror" turns round at the last entry (c b|a b c|b a), and
            "reflect" behind it (b a|a b c|c b).
        fill_value: for "constant".

    Shape: inputs any, coordinates (inputs.ndim, ...) → (...).

    Raises:
        ValueError: if there isn't one coordinate for each axis; for another order or fill mode.

    Example:
        >>> image.map_coordinates(np.float32([0, 10, 20]), np.float32([[0.5, 2.0, 7.0]]), 1).tolist()
        [5.0, 20.0, 0.0]
    """
    inputs, coordinates = tensor(inputs), tensor(coordinates)
    if coordinates.ndim < 2:
        raise ValueError(
            f"Invalid coordinates rank: expected at least rank 2. Received input with shape: {coordinates.shape}"
        )
    if coordinates.shape[0] != inputs.ndim:
        raise ValueError(
            "First dim of `coordinates` must be the same as the rank of `inputs`. Received inputs with shape: "
            f"{inputs.shape} and coordinate leading dim of {coordinates.shape[0]}"
        )
    one_of("fill_mode", fill_mode, _FILL_MODES)
    one_of("order", order, (0, 1))
    return jax.scipy.ndimage.map_coordinates(inputs, list(coordinates), order, fill_mode, fill_value)


def _looked_up(images: Array, places: Array, interpolation: str, fill_mode: str, fill_value: Any) -> Array:
    """Every channel of every image at the image's own places.

    Args:
        images: (batch, height, width, channels).
        places: (batch, 2, height, width), rows and columns; a batch of 1 serves all.
        interpolation: "nearest" or "bilinear".
        fill_mode: as for `map_coordinates`.
        fill_value: as for `map_coordinates`.
    """

    def channel(image: Array, at: Array) -> Array:
        return jax.scipy.ndimage.map_coordinates(image, list(at), _ORDER[interpolation], fill_mode, fill_value)

    channels = jax.vmap(channel, in_axes=(2, None), out_axes=2)
    shared = None if places.shape[0] == 1 else 0
    return jax.vmap(channels, in_axes=(0, 0 if shared == 0 else None))(images, places if shared == 0 else places[0])


# --- lines stay lines ------------------------------------------------------------------------------------------------


def _affine_spec(images: KerasTensor, transform: Any, *_: Any, **__: Any) -> KerasTensor:
    check_rank(images)
    _check_transform(transform)
    return KerasTensor(images.shape, dtype=images.dtype)


def _check_transform(transform: Any) -> None:
    if len(transform.shape) not in (1, 2):
        raise ValueError(
            "Invalid transform rank: expected rank 1 (single transform) or rank 2 (batch of transforms). Received input "
            f"with shape: transform.shape={tuple(transform.shape)}"
        )


@op(spec=_affine_spec)
def affine_transform(
    images: ArrayLike,
    transform: ArrayLike,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: Any = 0,
    data_format: str | None = None,
) -> Array:
    """Images shifted, turned, scaled and sheared: the pixel at (x, y) comes from (a₀x + a₁y + a₂, b₀x + b₁y + b₂).

    Args:
        images: an image or a batch.
        transform: a₀, a₁, a₂, b₀, b₁, b₂ and two numbers more, which are taken for 0: (8,), or (batch, 8).
        interpolation: "bilinear" or "nearest".
        fill_mode: what stands beyond the image, as for `map_coordinates`.
        fill_value: for "constant".
        data_format: see the package.

    Shape: any image, and (8,) or (batch, 8) → that of the image.

    Raises:
        ValueError: for an unknown interpolation or fill mode, or another number of axes.

    Example:
        >>> row = np.float32([[[1], [2], [3]]])
        >>> image.affine_transform(row, np.float32([1, 0, 1, 0, 1, 0, 0, 0])).ravel().tolist()
        [2.0, 3.0, 0.0]
    """
    one_of("interpolation", interpolation, _ORDER)
    one_of("fill_mode", fill_mode, _FILL_MODES)
    images, back = as_batch(images, data_format)
    transform = tensor(transform)
    _check_transform(transform)
    a0, a1, a2, b0, b1, b2 = jnp.moveaxis(jnp.atleast_2d(transform), -1, 0)[:6, :, None, None]  # each (batch, 1, 1)
    y, x = jnp.meshgrid(*map(jnp.arange, images.shape[1:3]), indexing="ij")
    places = jnp.stack((b0 * x + b1 * y + b2, a0 * x + a1 * y + a2), axis=1)
    return back(_looked_up(images, places, interpolation, fill_mode, fill_value))


def _perspective_spec(images: KerasTensor, start_points: Any, end_points: Any, *_: Any, **__: Any) -> KerasTensor:
    check_rank(images)
    _check_points(start_points, end_points)
    return KerasTensor(images.shape, dtype=images.dtype)


def _check_points(start_points: Any, end_points: Any) -> None:
    for name, points in (("start_points", start_points), ("end_points", end_points)):
        shape = tuple(points.shape)
        if shape[-2:] != (4, 2) or len(shape) not in (2, 3):
            raise ValueError(
                f"Invalid {name} shape: expected (4,2) for a single image or (N,4,2) for a batch. Received shape: {shape}"
            )
    if tuple(start_points.shape) != tuple(end_points.shape):
        raise ValueError(
            "start_points and end_points must have the same shape. Received "
            f"start_points.shape={tuple(start_points.shape)}, end_points.shape={tuple(end_points.shape)}"
        )


@op(spec=_perspective_spec)
def perspective_transform(
    images: ArrayLike,
    start_points: ArrayLike,
    end_points: ArrayLike,
    interpolation: str = "bilinear",
    fill_value: Any = 0,
    data_format: str | None = None,
) -> Array:
    """Images seen from elsewhere, such that four points of the image come to lie on four others.

    The pixel at (x, y) comes from ((h₀x + h₁y + h₂) / k, (h₃x + h₄y + h₅) / k) with k = h₆x + h₇y + 1, where h takes the
    end points to the start points.

    Args:
        images: an image or a batch.
        start_points: four points (x, y) of the input, (4, 2), or (batch, 4, 2).
        end_points: where they shall lie in the result, of the same shape.
        interpolation: "bilinear" or "nearest".
        fill_value: what stands beyond the image.
        data_format: see the package.

    Shape: any image → the same.

    Raises:
        ValueError: for an unknown interpolation, another number of axes, or points of another shape.

    Example:
        >>> corners = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> picture = np.float32([[[1], [2]], [[3], [4]]])
        >>> image.perspective_transform(picture, corners, corners[:, ::-1])[..., 0].tolist()
        [[1.0, 3.0], [2.0, 4.0]]
    """
    one_of("interpolation", interpolation, _ORDER)
    images, back = as_batch(images, data_format)
    start, end = tensor(start_points), tensor(end_points)
    _check_points(start, end)
    h = homography(*(points.astype("float32").reshape(-1, 4, 2) for points in (start, end)))
    h = jnp.moveaxis(h, -1, 0)[..., None, None]  # eight numbers of shape (batch, 1, 1)
    y, x = jnp.meshgrid(*map(jnp.arange, images.shape[1:3]), indexing="ij")
    k = h[6] * x + h[7] * y + 1.0
    places = jnp.stack(((h[3] * x + h[4] * y + h[5]) / k, (h[0] * x + h[1] * y + h[2]) / k), axis=1)
    return back(_looked_up(images, places, interpolation, "constant", fill_value))


def homography(start: Array, end: Array) -> Array:
    """The eight numbers that take the end points to the start points. Shape: (batch, 4, 2) twice → (batch, 8)."""
    (start_x, start_y), (x, y) = jnp.moveaxis(start, -1, 0), jnp.moveaxis(end, -1, 0)
    zeros, ones = jnp.zeros_like(x), jnp.ones_like(x)
    rows_x = jnp.stack([x, y, ones, zeros, zeros, zeros, -start_x * x, -start_x * y], axis=-1)
    rows_y = jnp.stack([zeros, zeros, zeros, x, y, ones, -start_y * x, -start_y * y], axis=-1)
    known = jnp.concatenate([start_x, start_y], axis=-1)[..., None]
    return jnp.linalg.solve(jnp.concatenate([rows_x, rows_y], axis=1), known)[..., 0]


# --- lines bend ------------------------------------------------------------------------------------------------------


@op
def elastic_transform(
    images: ArrayLike,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: Any = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Array:
    """Images bent at random, as handwriting is: every pixel comes from a place nearby, neighbours from similar directions.

    The distances are normal noise of standard deviation sigma, blurred by a Gaussian of the same, times alpha. As in
    Keras on JAX, the same noise moves rows and columns, so pixels move along one diagonal.

    Args:
        images: an image or a batch.
        alpha: how far.
        sigma: how smoothly, in pixels.
        interpolation: "bilinear" or "nearest".
        fill_mode: what stands beyond the image, as for `map_coordinates`.
        fill_value: for "constant".
        seed: as for the functions of `keras.random`.
        data_format: see the package.

    Shape: any image → the same.

    Raises:
        ValueError: for an unknown interpolation or fill mode, or another number of axes.

    Example:
        >>> image.elastic_transform(np.ones((8, 8, 3), np.float32), seed=0).shape
        (8, 8, 3)

    Source: Simard, Steinkraus and Platt, Best practices for convolutional neural networks, 2003, section 2
    """
    one_of("interpolation", interpolation, _ORDER)
    one_of("fill_mode", fill_mode, _FILL_MODES)
    images, back = as_batch(images, data_format)
    shape, dtype = images.shape[:3], result_type(images.dtype, float)
    noise = jax.random.normal(draw_seed(seed), shape, dtype) * jnp.asarray(sigma, dtype)
    extent = int(6 * sigma) | 1
    moved = jnp.asarray(alpha, dtype) * blurred(noise[..., None], (extent, extent), (sigma, sigma))[..., 0]
    rows, columns = jnp.meshgrid(*map(jnp.arange, shape[1:]), indexing="ij")
    places = jnp.stack((rows + moved, columns + moved), axis=1)
    return back(_looked_up(images, places, interpolation, fill_mode, fill_value))
