"""Convolution, as sums over windows: by XLA's own, or as one matrix product of patches. `core/ways.py` says why and where.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.core.ways import ways
from jaxnn.ops.core import tensor
from jaxnn.ops.windows import Pads, pads_of, per_axis, places_along, slices, spans

_BLOCK = 4 * 2**20  # bytes of patches at a time: about what the second cache of two cores holds
_UNROLLED = 6  # blocks written out side by side; each adds a quarter of a second to a compilation
_ENTRIES = 128  # of a kernel's window; beyond, XLA takes seconds to compile the slices


class _Form(NamedTuple):
    """A convolution's settings, for every spatial axis."""

    strides: tuple[int, ...]
    pads: Pads
    dilation: tuple[int, ...]
    groups: int
    data_format: str


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
    *window, _, filters = map(int, w.shape)  # type: ignore[arg-type]  # a kernel's sizes are known
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
    strides, dilation = per_axis("`strides`", strides, rank), per_axis("`dilation_rate`", dilation_rate, rank)
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
    rank, data_format = inputs.ndim - 2, standardize_data_format(data_format)
    strides, dilation = per_axis("`strides`", strides, rank), per_axis("`dilation_rate`", dilation_rate, rank)
    last = data_format == "channels_last"
    channels, spatial = (inputs.shape[-1], inputs.shape[1:-1]) if last else (inputs.shape[1], inputs.shape[2:])
    if channels % kernel.shape[-2]:
        raise ValueError(
            f"The number of input channels must be evenly divisible by the kernel's; got {channels} channels for a "
            f"kernel with {kernel.shape[-2]} (shape {kernel.shape})."
        )
    conv_output_shape(inputs.shape, kernel.shape[-1], kernel.shape[:-2], strides, padding, data_format, dilation)
    extents = [(k - 1) * d + 1 for k, d in zip(kernel.shape, dilation, strict=False)]
    pads = pads_of(padding, spatial, extents, strides)
    form = _Form(strides, pads, dilation, channels // kernel.shape[-2], data_format)
    return (_conv if _as_patches(kernel, form) else _by_xla)(inputs, kernel, form)


def _as_patches(kernel: Array, form: _Form) -> bool:
    """Whether patches are a way here: of plain float convolutions, for windows of moderate size."""
    fits = kernel.dtype in ("float32", "float64") and form.groups == 1 and math.prod(kernel.shape[:-2]) <= _ENTRIES
    return fits and ways(jax.default_backend()).convolution == "patches"


def _by_xla(x: Array, kernel: Array, form: _Form) -> Array:
    spatial = "DHW"[-len(form.strides) :]
    layout = f"N{spatial}C" if form.data_format == "channels_last" else f"NC{spatial}"
    return lax.conv_general_dilated(
        x,
        kernel,
        form.strides,
        form.pads,
        rhs_dilation=form.dilation,
        dimension_numbers=(layout, f"{spatial}IO", layout),
        feature_group_count=form.groups,
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _conv(x: Array, kernel: Array, form: _Form) -> Array:
    """By XLA where nobody differentiates, by patches where somebody does."""
    return _by_xla(x, kernel, form)


@functools.partial(_conv.defjvp, symbolic_zeros=True)
def _conv_jvp(form: _Form, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    moving = [i for i, t in enumerate(tangents) if not isinstance(t, SymbolicZero)]

    def of_moving(*values: Array) -> Array:
        arguments = list(primals)
        for i, value in zip(moving, values, strict=True):
            arguments[i] = value
        x, kernel = arguments
        return _by_patches(x, kernel, form)

    return jax.jvp(of_moving, [primals[i] for i in moving], [tangents[i] for i in moving])


def _by_patches(x: Array, kernel: Array, form: _Form) -> Array:
    """The convolution as matrix products, of as many images at a time as `_BLOCK` has room for."""
    first = form.data_format == "channels_first"
    x = jnp.moveaxis(x, 1, -1) if first else x
    if any(sum(pad) for pad in form.pads):
        x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((a, b, 0) for a, b in form.pads), (0, 0, 0)])
    images, entries = x.shape[0], math.prod(kernel.shape[:-1])
    places = math.prod(spans(x.shape[1:-1], kernel.shape[:-2], form.strides, form.dilation))
    blocks = math.ceil(images / max(1, _BLOCK // max(1, places * entries * x.dtype.itemsize)))
    together = math.ceil(images / max(1, blocks))
    if blocks <= 1:
        y = _product(x, kernel, form)
    elif blocks <= _UNROLLED:
        counts = [min(together, images - i) for i in range(0, images, together)]
        y = jnp.concatenate([_product(part, kernel, form) for part in lax.split(x, counts)])
    else:  # patches are made again for the gradient: memory stays that of one block
        again = jax.checkpoint(lambda image: _product(image[None], kernel, form)[0])
        y = lax.map(again, x, batch_size=together)
    return jnp.moveaxis(y, -1, 1) if first else y


def _product(x: Array, kernel: Array, form: _Form) -> Array:
    """Patches, a row a place, times the kernel, a column a filter."""
    pieces = slices(x, (1, *kernel.shape[:-2], 1), (1, *form.strides, 1), (1, *form.dilation, 1))
    patches = jnp.concatenate(pieces, -1)
    y = patches.reshape(-1, patches.shape[-1]) @ kernel.reshape(-1, kernel.shape[-1])
    return y.reshape(*patches.shape[:-1], kernel.shape[-1])
