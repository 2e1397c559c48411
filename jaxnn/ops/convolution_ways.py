"""How convolutions are computed: by XLA's own, as a matrix product of patches, or as a sum of slices.

All ways give the same numbers, to rounding. `core/ways.py` says which is fastest where, and why.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import SymbolicZero

from jaxnn.core.types import Array
from jaxnn.core.ways import ways
from jaxnn.ops.windows import Pads, slices, spans

_BLOCK = 4 * 2**20  # bytes of patches at a time: about what the second cache of two cores holds
_UNROLLED = 6  # blocks written out side by side; each adds a quarter of a second to a compilation
_ENTRIES = 128  # of a kernel's window; beyond, XLA takes seconds to compile the slices


class Form(NamedTuple):
    """A convolution's settings, for every spatial axis."""

    strides: tuple[int, ...]
    pads: Pads
    dilation: tuple[int, ...]
    groups: int
    data_format: str


def convolve(x: Array, kernel: Array, form: Form) -> Array:
    """The convolution of x with a kernel `(*window, channels / groups, filters)`, by the fastest way."""
    if not _is_plain(kernel):
        return _by_xla(x, kernel, form)
    chosen = ways(jax.default_backend())
    if form.groups > 1 and kernel.shape[-2] == 1:
        return (_by_slices if chosen.depthwise == "slices" else _by_xla)(x, kernel, form)
    return (_convolve if chosen.convolution == "patches" else _by_xla)(x, kernel, form)


def spread(x: Array, kernel: Array, form: Form, sizes: Sequence[int]) -> Array:
    """The transpose of `convolve`: what goes back from a convolution's outputs x to its inputs.

    Args:
        x: with as many channels as the kernel's last axis.
        kernel: `(*window, channels of the result, channels of x)`.
        form: that of the convolution that is transposed.
        sizes: of the result's spatial axes.
    """
    settings = _Spread(form, tuple(sizes))
    patches = _is_plain(kernel) and ways(jax.default_backend()).convolution == "patches"
    return (_spread if patches else _spread_by_xla)(x, kernel, settings)


def _is_plain(kernel: Array) -> bool:
    """Whether there is a choice: for floats, and windows of moderate size."""
    return kernel.dtype in ("float32", "float64") and math.prod(kernel.shape[:-2]) <= _ENTRIES


def _by_one_or_other(values: Callable, gradients: Callable) -> Callable:
    """A function of inputs, kernel and settings that is computed by `gradients` where somebody differentiates."""
    function = jax.custom_jvp(values, nondiff_argnums=(2,))

    @functools.partial(function.defjvp, symbolic_zeros=True)
    def jvp(settings: tuple, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
        moving = [i for i, t in enumerate(tangents) if not isinstance(t, SymbolicZero)]

        def of_moving(*values: Array) -> Array:
            arguments = list(primals)
            for i, value in zip(moving, values, strict=True):
                arguments[i] = value
            return gradients(*arguments, settings)

        return jax.jvp(of_moving, [primals[i] for i in moving], [tangents[i] for i in moving])

    return function


# --- by XLA ----------------------------------------------------------------------------------------------------------


def _by_xla(x: Array, kernel: Array, form: Form) -> Array:
    return lax.conv_general_dilated(
        x,
        kernel,
        form.strides,
        form.pads,
        rhs_dilation=form.dilation,
        dimension_numbers=_layouts(form),
        feature_group_count=form.groups,
    )


def _layouts(form: Form) -> tuple[str, str, str]:
    spatial = "DHW"[-len(form.strides) :]
    layout = f"N{spatial}C" if form.data_format == "channels_last" else f"NC{spatial}"
    return layout, f"{spatial}IO", layout


# --- as a product of patches -----------------------------------------------------------------------------------------


def _by_patches(x: Array, kernel: Array, form: Form) -> Array:
    """The convolution as matrix products, of as many images at a time as `_BLOCK` has room for."""
    x = _padded(x, form)
    if form.groups == 1:
        y = _blocks(x, kernel, form)
    else:
        split = x.reshape(*x.shape[:-1], form.groups, -1), kernel.reshape(*kernel.shape[:-1], form.groups, -1)
        y = jax.vmap(functools.partial(_blocks, form=form), in_axes=-2, out_axes=-2)(*split)
        y = y.reshape(*y.shape[:-2], -1)
    return y if form.data_format == "channels_last" else jnp.moveaxis(y, -1, 1)


def _padded(x: Array, form: Form) -> Array:
    """The inputs with their channels last and the zeros around them."""
    x = jnp.moveaxis(x, 1, -1) if form.data_format == "channels_first" else x
    if not any(map(any, form.pads)):
        return x
    return lax.pad(x, np.zeros((), x.dtype), [(0, 0, 0), *((a, b, 0) for a, b in form.pads), (0, 0, 0)])


def _blocks(x: Array, kernel: Array, form: Form) -> Array:
    images, entries = x.shape[0], math.prod(kernel.shape[:-1])
    places = math.prod(spans(x.shape[1:-1], kernel.shape[:-2], form.strides, form.dilation))
    blocks = math.ceil(images / max(1, _BLOCK // max(1, places * entries * x.dtype.itemsize)))
    together = math.ceil(images / max(1, blocks))
    if blocks <= 1:
        return _product(x, kernel, form)
    if blocks <= _UNROLLED:
        counts = [min(together, images - i) for i in range(0, images, together)]
        return jnp.concatenate([_product(part, kernel, form) for part in lax.split(x, counts)])
    # patches are made again for the gradient: memory stays that of one block
    again = jax.checkpoint(lambda image: _product(image[None], kernel, form)[0])
    return lax.map(again, x, batch_size=together)


def _product(x: Array, kernel: Array, form: Form) -> Array:
    """Patches, a row a place, times the kernel, a column a filter."""
    patches = jnp.concatenate(_pieces(x, kernel, form), -1)
    y = patches.reshape(-1, patches.shape[-1]) @ kernel.reshape(-1, kernel.shape[-1])
    return y.reshape(*patches.shape[:-1], kernel.shape[-1])


def _pieces(x: Array, kernel: Array, form: Form) -> list[Array]:
    return slices(x, (1, *kernel.shape[:-2], 1), (1, *form.strides, 1), (1, *form.dilation, 1))


_convolve = _by_one_or_other(_by_xla, _by_patches)


# --- as a sum of slices ----------------------------------------------------------------------------------------------


@functools.partial(jax.jit, static_argnums=2, inline=True)  # one program, even where nothing around is compiled
def _by_slices(x: Array, kernel: Array, form: Form) -> Array:
    """One channel a group: each entry of the window times what lies under it at all places."""
    x, each = _padded(x, form), kernel.shape[-1] // form.groups
    x = x if each == 1 else jnp.repeat(x, each, axis=-1)
    entries = kernel.reshape(-1, kernel.shape[-1])
    terms = [piece * entry for piece, entry in zip(_pieces(x, kernel, form), entries, strict=True)]
    y = functools.reduce(lax.add, terms)
    return y if form.data_format == "channels_last" else jnp.moveaxis(y, -1, 1)


# --- the transpose ---------------------------------------------------------------------------------------------------


class _Spread(NamedTuple):
    form: Form
    sizes: tuple[int, ...]


def _spread_by_xla(x: Array, kernel: Array, settings: _Spread) -> Array:
    form, sizes = settings
    last = form.data_format == "channels_last"
    extents = [(k - 1) * d + 1 for k, d in zip(kernel.shape, form.dilation, strict=False)]
    pads = []  # of the inputs, between whose entries stand zeros
    for n, size, stride, extent, (before, _) in zip(
        x.shape[1:-1] if last else x.shape[2:], sizes, form.strides, extents, form.pads, strict=True
    ):
        left = extent - 1 - before
        pads.append((left, size - (n - 1) * stride + extent - 2 - left))
    return lax.conv_transpose(
        x,
        kernel,
        form.strides,
        pads,
        rhs_dilation=form.dilation,
        dimension_numbers=_layouts(form),
        transpose_kernel=True,
    )


def _spread_by_patches(x: Array, kernel: Array, settings: _Spread) -> Array:
    form, sizes = settings
    filters = kernel.shape[-2]
    shape = (len(x), *sizes, filters) if form.data_format == "channels_last" else (len(x), filters, *sizes)
    of_result = jax.ShapeDtypeStruct(shape, x.dtype)
    (y,) = jax.linear_transpose(lambda y: _by_patches(y, kernel, form), of_result)(x)
    return y


_spread = _by_one_or_other(_spread_by_xla, _spread_by_patches)
