"""Convolutions: of all channels with a kernel (`conv`), of each on its own (`depthwise_conv`), or one after the other.

How they are computed is told in `convolution_ways.py`.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.convolution_ways import Form, convolve
from jaxnn.ops.core import tensor
from jaxnn.ops.windows import pads_of, per_axis, places_along


def _conv_spec(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> KerasTensor:
    """By the formula: two unknown sizes that tracing tries may have the same number of places."""
    x, w = (v if isinstance(v, KerasTensor) else tensor(v) for v in (inputs, kernel))
    *window, own, filters = map(int, w.shape)  # type: ignore[arg-type]  # a kernel's sizes are known
    _check_groups(channels_of(x.shape, data_format), own)
    settings = (strides, padding, standardize_data_format(data_format), dilation_rate)
    return KerasTensor(conv_output_shape(x.shape, filters, window, *settings), w.dtype)


def conv_output_shape(
    input_shape: Sequence[int | None],
    filters: int,
    kernel_size: Sequence[int],
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
) -> tuple:
    """The shape that a convolution of a shape has.

    Raises:
        ValueError: if the window has no place in the inputs.
    """
    rank = len(input_shape) - 2
    last = data_format == "channels_last"
    spatial = input_shape[1:-1] if last else input_shape[2:]
    if len(kernel_size) != rank:
        raise ValueError(
            f"A kernel with {len(kernel_size)} spatial axes needs inputs with as many; got an input of shape "
            f"{tuple(input_shape)}."
        )
    strides, dilation = per_axis("strides", strides, rank), per_axis("dilation_rate", dilation_rate, rank)
    extents = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    pads = pads_of("valid" if padding == "causal" else padding, [s or 1 for s in spatial], extents, strides)
    if isinstance(padding, str) and padding.lower() in ("same", "causal"):
        sizes = [None if s is None else -(-s // step) for s, step in zip(spatial, strides, strict=True)]
    else:
        along = zip(spatial, extents, strides, pads, strict=True)
        sizes = [places_along(size, extent, step, sum(pad)) for size, extent, step, pad in along]
    if any(s is not None and s <= 0 for s in sizes):
        raise ValueError(
            f"Computed output size would be zero or negative: a window of {tuple(kernel_size)} with strides {strides}, "
            f"dilation {dilation} and padding '{padding}' has no place in an input of shape {tuple(input_shape)}."
        )
    return (input_shape[0], *sizes, filters) if last else (input_shape[0], filters, *sizes)


@op(spec=_conv_spec)
def conv(
    inputs: ArrayLike,
    kernel: ArrayLike,
    strides: int | Sequence[int] = 1,
    padding: str | Sequence = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Array:
    """y[place, f] = Σ over entry e and channel c of inputs[stride · place + dilation · e, c] kernel[e, c, f].

    The inputs are taken in the kernel's dtype. If they have g times as many channels as the kernel, the channels and
    filters are in g groups, each convolved on its own.

    Args:
        inputs: one, two or three spatial axes.
        kernel: the window's entries.
        strides: how far the window goes from place to place.
        padding: "valid" stays inside the inputs; "same" puts zeros around them for `ceil(size / stride)` places; or
            pairs of numbers of zeros.
        data_format: "channels_last", "channels_first", or None for the global setting.
        dilation_rate: the distance of the window's neighbouring entries.

    Shape:
        inputs (batch, *sizes, channels), kernel (*window, channels, filters) → (batch, *places, filters).

    Raises:
        ValueError: if the kernel's channels don't divide those of the inputs, or the window has no place in them.

    Example:
        >>> conv(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)))[0, :, :, 0]
        Array([[4., 4.],
               [4., 4.]], dtype=float32)
    """
    kernel = tensor(kernel)
    inputs = tensor(inputs).astype(kernel.dtype)
    channels = channels_of(inputs.shape, data_format)
    _check_groups(channels, kernel.shape[-2])
    groups = channels // kernel.shape[-2]
    return convolve(inputs, kernel, _form(inputs, kernel, strides, padding, data_format, dilation_rate, groups))


def _form(
    x: Array, kernel: Array, strides: Any, padding: Any, data_format: str | None, dilation: Any, groups: int
) -> Form:
    """The settings for every spatial axis; raises if the window has no place."""
    rank, data_format = x.ndim - 2, standardize_data_format(data_format)
    strides, dilation = per_axis("strides", strides, rank), per_axis("dilation_rate", dilation, rank)
    conv_output_shape(x.shape, kernel.shape[-1], kernel.shape[:-2], strides, padding, data_format, dilation)
    extents = [(k - 1) * d + 1 for k, d in zip(kernel.shape, dilation, strict=False)]
    spatial = x.shape[1:-1] if data_format == "channels_last" else x.shape[2:]
    return Form(strides, pads_of(padding, spatial, extents, strides), dilation, groups, data_format)


def channels_of(shape: Sequence[Any], data_format: str | None) -> Any:
    """The number of channels of inputs."""
    return shape[-1 if standardize_data_format(data_format) == "channels_last" else 1]


def _check_groups(channels: int | None, own: int) -> None:
    if channels is not None and channels % own:
        raise ValueError(
            f"The number of input channels must match the kernel's input channels, {own}, or be evenly divisible by them "
            f"(for a convolution in groups); got inputs with {channels}."
        )


def check_channels(channels: Any, expected: Any) -> None:
    """Raises a ValueError unless the inputs have the channels that a kernel is for, as far as both are known."""
    if channels != expected and channels is not None:
        raise ValueError(
            f"The number of input channels must match the kernel's input channels: {expected}; got inputs with "
            f"{channels}."
        )


def _depthwise_spec(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> KerasTensor:
    x, w = (v if isinstance(v, KerasTensor) else tensor(v) for v in (inputs, kernel))
    *window, channels, each = map(int, w.shape)  # type: ignore[arg-type]
    check_channels(channels_of(x.shape, data_format), channels)
    settings = (strides, padding, standardize_data_format(data_format), dilation_rate)
    return KerasTensor(conv_output_shape(x.shape, channels * each, window, *settings), w.dtype)


@op(spec=_depthwise_spec)
def depthwise_conv(
    inputs: ArrayLike,
    kernel: ArrayLike,
    strides: int | Sequence[int] = 1,
    padding: str | Sequence = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Array:
    """y[place, c · m + j] = Σ over entry e of inputs[stride · place + dilation · e, c] kernel[e, c, j]: channels don't mix.

    The inputs are taken in the kernel's dtype.

    Args:
        inputs: one, two or three spatial axes.
        kernel: m windows for every channel.
        strides: how far the window goes from place to place.
        padding: "valid" stays inside the inputs; "same" puts zeros around them for `ceil(size / stride)` places; or
            pairs of numbers of zeros.
        data_format: "channels_last", "channels_first", or None for the global setting.
        dilation_rate: the distance of the window's neighbouring entries.

    Shape:
        inputs (batch, *sizes, channels), kernel (*window, channels, m) → (batch, *places, channels · m).

    Raises:
        ValueError: if the kernel is for another number of channels, or the window has no place in the inputs.

    Example:
        >>> depthwise_conv(np.ones((1, 3, 2)), np.array([[[1.0], [2.0]], [[3.0], [4.0]]]))
        Array([[[4., 6.],
                [4., 6.]]], dtype=float32)

    Source: https://keras.io/api/ops/nn/
    """
    kernel = tensor(kernel)
    inputs = tensor(inputs).astype(kernel.dtype)
    *window, channels, each = kernel.shape
    check_channels(channels_of(inputs.shape, data_format), channels)
    kernel = kernel.reshape(*window, 1, channels * each)
    return convolve(inputs, kernel, _form(inputs, kernel, strides, padding, data_format, dilation_rate, channels))


def _separable_spec(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> KerasTensor:
    between = _depthwise_spec(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return _conv_spec(between, pointwise_kernel, data_format=data_format)


@op(spec=_separable_spec)
def separable_conv(
    inputs: ArrayLike,
    depthwise_kernel: ArrayLike,
    pointwise_kernel: ArrayLike,
    strides: int | Sequence[int] = 1,
    padding: str | Sequence = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Array:
    """`depthwise_conv`, whose outputs a window of one place mixes: far fewer products than `conv` needs.

    Args:
        inputs: one, two or three spatial axes.
        depthwise_kernel: m windows for every channel.
        pointwise_kernel: how their outputs are mixed.
        strides, padding, dilation_rate: of the first, as `depthwise_conv` takes them.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        inputs (batch, *sizes, channels), depthwise kernel (*window, channels, m), pointwise kernel
        (1, ..., channels · m, filters) → (batch, *places, filters).

    Raises:
        ValueError: if a kernel is for another number of channels, or the window has no place in the inputs.

    Example:
        >>> separable_conv(np.ones((1, 3, 2)), np.ones((2, 2, 1)), np.array([[[1.0], [0.5]]]))[0, :, 0]
        Array([3., 3.], dtype=float32)

    Source: https://keras.io/api/ops/nn/
    """
    between = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(between, pointwise_kernel, 1, "valid", data_format)
