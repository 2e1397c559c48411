"""Rotating, shifting, shearing and zooming one image on the host, by SciPy (`pip install jaxnn[images]`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.utils.extras import required


def apply_affine_transform(
    x: np.ndarray,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """An image, rotated, shifted, sheared and zoomed about its middle.

    A pixel p of the result shows the pixel `rotation @ shift @ shear @ zoom @ p` of the image, so a zoom above 1 makes things
    smaller.

    Args:
        x: `(channels, height, width)`, or channels last.
        theta: of the rotation, in degrees, clockwise.
        tx, ty: of the shift along the rows' and the columns' axis, in pixels.
        shear: in degrees.
        zx, zy: of the zoom along the rows' and the columns' axis.
        row_axis, col_axis, channel_axis: where these axes are.
        fill_mode: what stands outside the image: "nearest", "constant", "reflect" or "wrap".
        cval: the constant.
        order: of the splines that interpolate; 1 is bilinear.

    Raises:
        ImportError: without SciPy, if anything is to be done.
        ValueError: for anything but one image, with its channels first or last.

    Example: `apply_affine_transform(x, theta=90, row_axis=0, col_axis=1, channel_axis=2)`

    Source: Keras 2's `keras.preprocessing.image.apply_affine_transform`. Since 2.9 it exchanges the axes halfway: `tx`, and with
    it a generator's `height_shift_range`, moves images sideways, and only square ones turn about their middle. Here, as
    before and as documented, the height is the height.
    """
    axes = {row_axis, col_axis, channel_axis}
    if len(axes) != 3:
        raise ValueError("apply_affine_transform: 'row_axis', 'col_axis', and 'channel_axis' must be distinct.")
    if axes != {0, 1, 2} or channel_axis == 1:
        raise ValueError(
            f"apply_affine_transform: Invalid axis' indices: row_axis={row_axis}, col_axis={col_axis}, channel_axis="
            f"{channel_axis}; expected 0, 1 and 2, and the channels first or last."
        )
    if x.ndim != 3:
        raise ValueError(
            f"apply_affine_transform: Input arrays must be multi-channel 2D images; got an array of shape {x.shape}. "
            "Transform the images of a batch one by one."
        )
    matrix = _matrix(theta, tx, ty, shear, zx, zy)
    if matrix is None:
        return x
    affine_transform = required("scipy.ndimage", "apply_affine_transform").affine_transform
    matrix = _about_middle(matrix, x.shape[row_axis], x.shape[col_axis])
    channels = [
        affine_transform(channel, matrix[:2, :2], matrix[:2, 2], order=order, mode=fill_mode, cval=cval)
        for channel in np.moveaxis(x, channel_axis, 0)
    ]
    return np.moveaxis(
        np.stack(channels), 0, channel_axis
    )  # channel by channel in memory: means then round as in Keras


def random_rotation(x: np.ndarray, rg: float, *args: Any, **kwargs: Any) -> np.ndarray:
    """An image rotated by an angle from -rg to rg degrees, which NumPy's global stream draws.

    Args:
        x: one image.
        rg: the largest angle, in degrees.
        *args, **kwargs: `row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", cval=0.0, interpolation_order=1`, as for
            `apply_affine_transform`.

    Example: `random_rotation(x, 20, row_axis=0, col_axis=1, channel_axis=2)`

    Source: Keras 2's `keras.preprocessing.image.random_rotation`
    """
    return _apply(x, args, kwargs, theta=np.random.uniform(-rg, rg))


def random_shift(x: np.ndarray, wrg: float, hrg: float, *args: Any, **kwargs: Any) -> np.ndarray:
    """An image shifted by up to `hrg` of its height and `wrg` of its width, which NumPy's global stream draws.

    Args:
        x: one image.
        wrg, hrg: the largest shifts, as shares of the width and the height.
        *args, **kwargs: as for `random_rotation`.

    Example: `random_shift(x, 0.1, 0.1, row_axis=0, col_axis=1, channel_axis=2)`

    Source: Keras 2's `keras.preprocessing.image.random_shift`
    """
    axes = _axes_and_fill(*args, **kwargs)
    tx = np.random.uniform(-hrg, hrg) * x.shape[axes["row_axis"]]
    ty = np.random.uniform(-wrg, wrg) * x.shape[axes["col_axis"]]
    return apply_affine_transform(x, tx=tx, ty=ty, **axes)


def random_shear(x: np.ndarray, intensity: float, *args: Any, **kwargs: Any) -> np.ndarray:
    """An image sheared by an angle from -intensity to intensity degrees, which NumPy's global stream draws.

    Args:
        x: one image.
        intensity: the largest angle, in degrees.
        *args, **kwargs: as for `random_rotation`.

    Example: `random_shear(x, 10, row_axis=0, col_axis=1, channel_axis=2)`

    Source: Keras 2's `keras.preprocessing.image.random_shear`
    """
    return _apply(x, args, kwargs, shear=np.random.uniform(-intensity, intensity))


def random_zoom(x: np.ndarray, zoom_range: tuple[float, float], *args: Any, **kwargs: Any) -> np.ndarray:
    """An image zoomed by factors for its height and its width, which NumPy's global stream draws.

    Args:
        x: one image.
        zoom_range: the smallest and the largest factor; above 1 things get smaller.
        *args, **kwargs: as for `random_rotation`.

    Raises:
        ValueError: if the range isn't two numbers.

    Example: `random_zoom(x, (0.8, 1.2), row_axis=0, col_axis=1, channel_axis=2)`

    Source: Keras 2's `keras.preprocessing.image.random_zoom`
    """
    if len(zoom_range) != 2:
        raise ValueError(
            f"random_zoom: `zoom_range` should be a tuple or list of two floats; got {zoom_range}. Pass (0.8, 1.2)."
        )
    low, high = zoom_range
    zx, zy = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
    return _apply(x, args, kwargs, zx=zx, zy=zy)


def _axes_and_fill(
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> dict[str, Any]:
    axes = {"row_axis": row_axis, "col_axis": col_axis, "channel_axis": channel_axis}
    return axes | {"fill_mode": fill_mode, "cval": cval, "order": interpolation_order}


def _apply(x: np.ndarray, args: tuple, kwargs: dict[str, Any], **transform: float) -> np.ndarray:
    return apply_affine_transform(x, **transform, **_axes_and_fill(*args, **kwargs))


def _matrix(theta: float, tx: float, ty: float, shear: float, zx: float, zy: float) -> np.ndarray | None:
    """The product of what is to be done, in Keras's order of multiplication; None for nothing."""
    parts = []
    if theta != 0:
        angle = np.deg2rad(theta)
        parts.append([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    if tx != 0 or ty != 0:
        parts.append([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    if shear != 0:
        angle = np.deg2rad(shear)
        parts.append([[1, -np.sin(angle), 0], [0, np.cos(angle), 0], [0, 0, 1]])
    if zx != 1 or zy != 1:
        parts.append([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    product = None
    for part in map(np.array, parts):
        product = part if product is None else product @ part
    return product


def _about_middle(matrix: np.ndarray, height: int, width: int) -> np.ndarray:
    x, y = height / 2 - 0.5, width / 2 - 0.5
    there = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])
    back = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
    return there @ matrix @ back
