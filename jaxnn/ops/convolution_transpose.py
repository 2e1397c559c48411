"""The transpose of a convolution: each input paints the kernel into the outputs, where a convolution would look at them.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.convolution import channels_of, check_channels
from jaxnn.ops.convolution_ways import Form, spread
from jaxnn.ops.core import tensor
from jaxnn.ops.windows import per_axis


def conv_transpose_output_shape(
    input_shape: Sequence[int | None],
    filters: int,
    kernel_size: Sequence[int],
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str = "channels_last",
    dilation_rate: Any = 1,
) -> tuple:
    """The shape that a transposed convolution of a shape has.

    Raises:
        ValueError: if the padding is neither "valid" nor "same".
    """
    last = data_format == "channels_last"
    spatial = input_shape[1:-1] if last else input_shape[2:]
    along = _along(kernel_size, strides, padding, output_padding, dilation_rate, len(spatial))
    sizes = [
        None if n is None else (n - 1) * stride + more for n, (stride, more, _) in zip(spatial, along, strict=True)
    ]
    return (input_shape[0], *sizes, filters) if last else (input_shape[0], filters, *sizes)


def _along(
    kernel_size: Sequence[int], strides: Any, padding: str, output_padding: Any, dilation_rate: Any, rank: int
) -> list[tuple[int, int, tuple[int, int]]]:
    """For every spatial axis the stride, what a single input becomes, and the pads of the convolution that is transposed."""
    if len(kernel_size) != rank:
        raise ValueError(
            f"A kernel with {len(kernel_size)} spatial axes needs inputs with as many; got inputs with {rank}."
        )
    if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
        raise ValueError(f"The `padding` argument must be one of 'valid', 'same'. Received: padding={padding}")
    strides, dilation = per_axis("strides", strides, rank), per_axis("dilation_rate", dilation_rate, rank)
    more = (None,) * rank if output_padding is None else per_axis("output_padding", output_padding, rank, least=0)
    found = []
    for k, stride, d, extra in zip(kernel_size, strides, dilation, more, strict=True):
        extent = (k - 1) * d + 1
        if padding.lower() == "valid":
            size = max(extent, stride) if extra is None else extent + extra
            before = 0
        else:
            size = stride if extra is None else extent % 2 + extra
            zeros = size + extent - 2  # around the inputs, between whose entries stand zeros, too
            before = extent - 1 - min(zeros - zeros // 2, extent - 1)
        found.append((stride, size, (before, extent - size - before)))
    return found


def _conv_transpose_spec(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> KerasTensor:
    x, w = (v if isinstance(v, KerasTensor) else tensor(v) for v in (inputs, kernel))
    *window, filters, channels = map(int, w.shape)  # type: ignore[arg-type]  # a kernel's sizes are known
    check_channels(channels_of(x.shape, data_format), channels)
    settings = (strides, padding, output_padding, standardize_data_format(data_format), dilation_rate)
    return KerasTensor(conv_transpose_output_shape(x.shape, filters, window, *settings), w.dtype)


@op(spec=_conv_transpose_spec)
def conv_transpose(
    inputs: ArrayLike,
    kernel: ArrayLike,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    output_padding: int | Sequence[int] | None = None,
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> Array:
    """y[stride · place + dilation · e, f] = Σ over channel c of inputs[place, c] kernel[e, f, c], overlaps added up.

    It is what the gradient of `conv` does: it goes from a convolution's outputs to its inputs, with the same kernel. The
    inputs are taken in the kernel's dtype.

    Args:
        inputs: one, two or three spatial axes.
        kernel: what each input paints; filters stand before channels.
        strides: how far apart two inputs paint.
        padding: "valid" keeps all that is painted; "same" leaves `size · stride` of it, cut on both sides.
        output_padding: with "valid", zeros at the far end; with "same" the size is `(size - 1) · stride + extent % 2 +
            output_padding`, where the extent is that of the window, its holes included. None is what Keras chooses:
            `max(stride - extent, 0)` and `size · stride`.
        data_format: "channels_last", "channels_first", or None for the global setting.
        dilation_rate: the distance of the window's neighbouring entries.

    Shape:
        inputs (batch, *sizes, channels), kernel (*window, filters, channels) → (batch, *larger sizes, filters).

    Raises:
        ValueError: if the kernel is for another number of channels, or the padding is unknown.

    Example:
        >>> conv_transpose(np.array([[[1.0], [2.0]]]), np.ones((3, 1, 1)), strides=2)[0, :, 0]
        Array([1., 1., 3., 2., 2.], dtype=float32)

    Source: Dumoulin and Visin, arXiv:1603.07285, section 4; https://keras.io/api/ops/nn/
    """
    kernel = tensor(kernel)
    inputs = tensor(inputs).astype(kernel.dtype)
    data_format = standardize_data_format(data_format)
    check_channels(channels_of(inputs.shape, data_format), kernel.shape[-1])
    rank, window = inputs.ndim - 2, kernel.shape[:-2]
    along = _along(window, strides, padding, output_padding, dilation_rate, rank)
    spatial = inputs.shape[1:-1] if data_format == "channels_last" else inputs.shape[2:]
    sizes = [(n - 1) * stride + more for n, (stride, more, _) in zip(spatial, along, strict=True)]
    form = Form(
        tuple(stride for stride, _, _ in along),
        tuple(pad for _, _, pad in along),
        per_axis("dilation_rate", dilation_rate, rank),
        1,
        data_format,
    )
    return spread(inputs, kernel, form, sizes)
