"""The arithmetic of the gated recurrent unit, in both of its forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.types import Array
from jaxnn.ops.fused_recurrence import Arrays, Unit, add, plus, plus_product, product, recurrence


def gru(
    sequences: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
    reset_after: bool = True,
    unroll: bool = False,
) -> tuple[Array, Array]:
    """Gated recurrent unit: one gate forgets, another mixes the old state with a new one.

    At each time step, with the products' columns split into z, r and n,

        z, r = sigmoid(x kernel + bias + h recurrent_kernel)
        n = tanh(x kernel + bias + r (h recurrent_kernel + recurrent_bias))      reset after the product
        n = tanh(x kernel + bias + (r h) recurrent_kernel)                       reset before it
        h = z h + (1 - z) n

    Its derivative is that of `ops/fused_recurrence.py`.

    Args:
        sequences: the inputs.
        h: the first state.
        kernel, recurrent_kernel, bias: the weights; the bias may be None.
        mask: False where a step is to be skipped: the state stays.
        go_backwards: from the last time step to the first; the outputs are in that order, too.
        return_sequences: whether h is given for all steps, or for the last.
        reset_after: which of the two forms; the first has a second row of biases, for all three products of h.
        unroll: whether the loop is written out. It compiles longer, and isn't faster on CPUs.

    Shape:
        sequences (batch, time, features), h (batch, units), kernel (features, 3 units), recurrent_kernel
        (units, 3 units), bias (2, 3 units) or (3 units,), mask (batch, time) → (batch, time, units) or (batch, units), h.

    Source: Cho et al., arXiv:1406.1078; its third version resets before the product, its first after it.
    """
    weights = (kernel, recurrent_kernel, *_biases(bias, reset_after))
    unit = RESET_AFTER if reset_after else RESET_BEFORE
    outputs, (h,) = recurrence(unit, sequences, (h,), weights, mask, go_backwards, return_sequences, unroll)
    return outputs, h


def gru_step(
    xs: list[Array],
    hs: list[Array],
    h: Array,
    weights: list,
    reset_after: bool = True,
    by_gate: bool = False,
    activation: Callable = jnp.tanh,
    recurrent_activation: Callable = jax.nn.sigmoid,
) -> Array:
    """One time step, with any activations.

    Args:
        xs, hs: the inputs and the states as the products see them; one each, or with `by_gate` three of each (or one for
            all), under their own masks.
        h: the state itself.
        weights: kernel, recurrent kernel, bias or None.
        reset_after: which of the two forms.
        by_gate: whether each gate's sum is a product by itself.
        activation, recurrent_activation: in the places of tanh and sigmoid.

    Returns:
        The next h.
    """
    kernel, recurrent_kernel, bias = weights
    bias, recurrent_bias = _biases(bias, reset_after)
    products = _products_by_gate if by_gate else _products
    of_x = products(xs, kernel, bias, 3)
    how = activation, recurrent_activation
    if reset_after:
        *of_h, h_n = products(hs, recurrent_kernel, recurrent_bias, 3)
        return _gated(of_x, of_h, lambda r: r * h_n, h, *how)[0]
    for_gates, for_new = _gates_and_new(recurrent_kernel, h.shape[-1])
    return _gated(of_x, products(hs, for_gates, None, 2), lambda r: (r * hs[-1]) @ for_new, h, *how)[0]


def _products(xs: list[Array], kernel: Array, bias: Array | None, count: int) -> list[Array]:
    """The sums of so many gates, by one product."""
    return jnp.split(add(xs[0] @ kernel, bias), count, axis=-1)


def _products_by_gate(xs: list[Array], kernel: Array, bias: Array | None, count: int) -> list[Array]:
    """The same, each gate's by itself; each takes its own x if there are several."""
    biases = [None] * count if bias is None else jnp.split(bias, count)
    return [add(xs[k % len(xs)] @ w, biases[k]) for k, w in enumerate(jnp.split(kernel, count, axis=-1))]


def _gated(
    of_x: list[Array],
    of_h: list[Array],
    add_h: Callable,
    h: Array,
    activation: Callable,
    recurrent_activation: Callable,
) -> tuple[Array, Arrays]:
    """The next state, and with it z, r and n; `add_h` is what h adds to the sum of n, as a function of r."""
    (x_z, x_r, x_n), (h_z, h_r) = of_x, of_h
    z, r = recurrent_activation(x_z + h_z), recurrent_activation(x_r + h_r)
    n = activation(x_n + add_h(r))
    return z * h + (1 - z) * n, (z, r, n)


def _biases(bias: Array | None, reset_after: bool) -> tuple:
    if bias is None:
        return None, None
    return (bias[0], bias[1]) if reset_after else (bias, None)


# --- all steps, with their derivative --------------------------------------------------------------------------------


def _project(x: Array, weights: tuple) -> Array:
    return add(product(x, weights[0]), weights[2])


def _inputs_drive(xs: Array, dxs: Any, hs: Array, weights: tuple, dweights: tuple) -> Array:
    drive = jnp.zeros((*hs.shape[:-1], weights[0].shape[-1]), hs.dtype)
    drive = plus_product(drive, xs, dweights[0])
    drive = plus(drive, dweights[2])
    return plus_product(drive, dxs, weights[0])


def _slopes(z: Array, h: Array, n: Array) -> tuple[Array, Array]:
    """How the next state moves with the sums of z and of n."""
    return (h - n) * z * (1 - z), (1 - z) * (1 - n * n)


# --- reset after the product -----------------------------------------------------------------------------------------


def _step_after(x: Array, states: Arrays, weights: tuple) -> tuple[Arrays, Array, Arrays]:
    (h,), (_, recurrent_kernel, _, recurrent_bias) = states, weights
    *of_h, h_n = _products([h], recurrent_kernel, recurrent_bias, 3)
    new, (z, r, n) = _gated(jnp.split(x, 3, axis=-1), of_h, lambda r: r * h_n, h, jnp.tanh, jax.nn.sigmoid)
    by_z, by_n = _slopes(z, h, n)
    return (new,), h, (z, by_z, by_n * h_n * r * (1 - r), by_n, r)


def _drive_after(xs: Array, dxs: Any, hs: Array, slopes: Arrays, weights: tuple, dweights: tuple) -> Array:
    _, drecurrent, _, dbias = dweights
    of_h = plus(plus_product(jnp.zeros((*hs.shape[:-1], 3 * hs.shape[-1]), hs.dtype), hs, drecurrent), dbias)
    z, r, n = jnp.split(of_h, 3, axis=-1)
    return _inputs_drive(xs, dxs, hs, weights, dweights) + jnp.concatenate([z, r, slopes[-1] * n], axis=-1)


def _linear_after(drive: Array, slopes: Arrays, dstates: Arrays, weights: tuple) -> Arrays:
    (dh,), (by_h, by_z, by_r, by_n, r) = dstates, slopes
    drive_z, drive_r, drive_n = jnp.split(drive, 3, axis=-1)
    h_z, h_r, h_n = jnp.split(dh @ weights[1], 3, axis=-1)
    return (by_h * dh + by_z * (drive_z + h_z) + by_r * (drive_r + h_r) + by_n * (drive_n + r * h_n),)


RESET_AFTER = Unit(_project, _step_after, _drive_after, _linear_after, hoisted_by_keras=True)


# --- reset before the product ----------------------------------------------------------------------------------------


def _gates_and_new(kernel: Any, units: int) -> tuple[Any, Any]:
    return kernel[..., : 2 * units], kernel[..., 2 * units :]


def _step_before(x: Array, states: Arrays, weights: tuple) -> tuple[Arrays, Any, Arrays]:
    (h,) = states
    for_gates, for_new = _gates_and_new(weights[1], h.shape[-1])
    of_x, of_h = jnp.split(x, 3, axis=-1), _products([h], for_gates, None, 2)
    new, (z, r, n) = _gated(of_x, of_h, lambda r: (r * h) @ for_new, h, jnp.tanh, jax.nn.sigmoid)
    by_z, by_n = _slopes(z, h, n)
    return (new,), (h, r * h), (z, by_z, by_n, r, h * r * (1 - r))


def _drive_before(xs: Array, dxs: Any, kept: Any, slopes: Arrays, weights: tuple, dweights: tuple) -> Array:
    hs, reset = kept
    drive = _inputs_drive(xs, dxs, hs, weights, dweights)
    gates, new = _gates_and_new(drive, hs.shape[-1])
    if isinstance(dweights[1], jax.Array):  # no symbolic zero
        dgates, dnew = _gates_and_new(dweights[1], hs.shape[-1])
        gates, new = plus_product(gates, hs, dgates), plus_product(new, reset, dnew)
    return jnp.concatenate([gates, new], axis=-1)


def _linear_before(drive: Array, slopes: Arrays, dstates: Arrays, weights: tuple) -> Arrays:
    (dh,), (by_h, by_z, by_n, r, by_r) = dstates, slopes
    for_gates, for_new = _gates_and_new(weights[1], dh.shape[-1])
    gates, new = _gates_and_new(drive, dh.shape[-1])
    of_z, of_r = jnp.split(gates + dh @ for_gates, 2, axis=-1)
    return (by_h * dh + by_z * of_z + by_n * (new + (r * dh + by_r * of_r) @ for_new),)


RESET_BEFORE = Unit(_project, _step_before, _drive_before, _linear_before)
