"""The arithmetic of the long short-term memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.types import Array
from jaxnn.ops.fused_recurrence import Arrays, Unit, add, plus, plus_product, product, recurrence


def lstm(
    sequences: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
    unroll: bool = False,
) -> tuple[Array, Array, Array]:
    """Long short-term memory: gates decide what its cell keeps, takes in and shows.

    At each time step

        i, f, g, o = split(x kernel + h recurrent_kernel + bias)
        c = sigmoid(f) c + sigmoid(i) tanh(g)
        h = sigmoid(o) tanh(c)

    Its derivative is that of `ops/fused_recurrence.py`.

    Args:
        sequences: the inputs.
        h, c: the first states.
        kernel, recurrent_kernel, bias: the weights; the bias may be None.
        mask: False where a step is to be skipped: the states stay.
        go_backwards: from the last time step to the first; the outputs are in that order, too.
        return_sequences: whether h is given for all steps, or for the last.
        unroll: whether the loop is written out. It compiles longer, and isn't faster on CPUs.

    Shape:
        sequences (batch, time, features), h and c (batch, units), kernel (features, 4 units), recurrent_kernel
        (units, 4 units), bias (4 units,), mask (batch, time) → (batch, time, units) or (batch, units), h, c.

    Source: Hochreiter and Schmidhuber, Neural Computation 9(8), 1997; the forget gate: Gers et al., 2000.
    """
    weights = (kernel, recurrent_kernel, bias)
    outputs, (h, c) = recurrence(LSTM, sequences, (h, c), weights, mask, go_backwards, return_sequences, unroll)
    return outputs, h, c


def lstm_step(
    xs: list[Array],
    hs: list[Array],
    c: Array,
    weights: list,
    by_gate: bool = False,
    activation: Callable = jnp.tanh,
    recurrent_activation: Callable = jax.nn.sigmoid,
) -> tuple[Array, Array]:
    """One time step, with any activations.

    Args:
        xs, hs: the inputs and the states; one each, or with `by_gate` four of each (or one for all), under their own masks.
        c: the memory.
        weights: kernel, recurrent kernel, bias or None.
        by_gate: whether each gate's sum is a product by itself.
        activation, recurrent_activation: in the places of tanh and sigmoid.

    Returns:
        The next h and c.
    """
    kernel, recurrent_kernel, bias = weights
    if by_gate:
        sums = _sums_by_gate(xs, hs, kernel, recurrent_kernel, bias)
    else:
        sums = _sums(xs[0] @ kernel, hs[0], recurrent_kernel, bias)
    h, c, _ = _gated(sums, c, activation, recurrent_activation)
    return h, c


def _sums(x: Array, h: Array, recurrent_kernel: Array, bias: Array | None) -> list[Array]:
    """What the gates see: i, f, g, o; x is multiplied already. Keras adds the bias last; so do we, and get its bits."""
    return jnp.split(add(x + h @ recurrent_kernel, bias), 4, axis=-1)


def _sums_by_gate(xs: list[Array], hs: list[Array], kernel: Array, recurrent: Array, bias: Array | None) -> list[Array]:
    """The same, each gate's by itself; Keras adds the bias to the inputs' part here."""
    biases = [None] * 4 if bias is None else jnp.split(bias, 4)
    kernels, recurrents = jnp.split(kernel, 4, axis=1), jnp.split(recurrent, 4, axis=1)
    sums = [add(x @ w, b) for x, w, b in zip(_four(xs), kernels, biases, strict=True)]
    return [s + h @ w for s, h, w in zip(sums, _four(hs), recurrents, strict=True)]


def _four(xs: list[Array]) -> list[Array]:
    """One array for each gate."""
    return xs * 4 if len(xs) == 1 else xs


def _gated(sums: list[Array], c: Array, activation: Callable, recurrent_activation: Callable) -> tuple:
    """The next h and c, and with them i, f, g, o and the activation of c."""
    i, f, g, o = sums
    i, f, g, o = recurrent_activation(i), recurrent_activation(f), activation(g), recurrent_activation(o)
    c = f * c + i * g
    t = activation(c)
    return o * t, c, (i, f, g, o, t)


# --- all steps, with their derivative --------------------------------------------------------------------------------


def _project(x: Array, weights: tuple) -> Array:
    return product(x, weights[0])


def _step(x: Array, states: Arrays, weights: tuple) -> tuple[Arrays, Array, Arrays]:
    (h, c), (_, recurrent_kernel, bias) = states, weights
    new_h, new_c, (i, f, g, o, t) = _gated(_sums(x, h, recurrent_kernel, bias), c, jnp.tanh, jax.nn.sigmoid)
    # what multiplies dz_i, dz_f, dz_g, dc in dc; dz_o, dc in dh
    slopes = g * i * (1 - i), c * f * (1 - f), i * (1 - g * g), f, t * o * (1 - o), o * (1 - t * t)
    return (new_h, new_c), h, slopes


def _drive(xs: Array, dxs: Any, hs: Array, slopes: Arrays, weights: tuple, dweights: tuple) -> Array:
    kernel, recurrent_kernel, _ = weights
    dkernel, drecurrent, dbias = dweights
    dz = jnp.zeros((*hs.shape[:-1], recurrent_kernel.shape[-1]), hs.dtype)
    dz = plus_product(dz, xs, dkernel)
    dz = plus_product(dz, hs, drecurrent)
    dz = plus(dz, dbias)
    return plus_product(dz, dxs, kernel)


def _linear(dz: Array, slopes: Arrays, dstates: Arrays, weights: tuple) -> Arrays:
    (dh, dc), (by_i, by_f, by_g, by_c, by_o, by_new_c) = dstates, slopes
    i, f, g, o = jnp.split(dz + dh @ weights[1], 4, axis=-1)
    new_dc = by_c * dc + by_i * i + by_f * f + by_g * g
    return by_o * o + by_new_c * new_dc, new_dc


LSTM = Unit(_project, _step, _drive, _linear)
