"""The arithmetic of recurrent layers: a loop over time for any step, and the long short-term memory.

Time comes first inside, so that a step's inputs lie together in memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from jaxnn.core.types import Array
from jaxnn.core.ways import ways


def rnn(
    step: Callable[[Any, Any], tuple[Array, Any]],
    sequences: Any,
    states: Any,
    mask: Array | None = None,
    go_backwards: bool = False,
    unroll: bool = False,
    zero_output_for_mask: bool = False,
    return_sequences: bool = True,
) -> tuple[Array, Array | None, Any]:
    """Applies `output, states = step(inputs, states)` from the first time step to the last.

    Args:
        step: a pure function of one time step's inputs and a list of states.
        sequences: an array `(batch, time, ...)`, or a structure of them.
        states: the first states, a list.
        mask: `(batch, time)`; where it is False the states stay, and the output is the first state as it was.
        go_backwards: from the last time step to the first; the outputs are in that order, too.
        unroll: whether the loop is written out. It compiles longer, and is rarely faster.
        zero_output_for_mask: whether the output is 0 where the mask is False.
        return_sequences: whether the outputs of all steps are wanted.

    Returns:
        The last output, all outputs `(batch, time, ...)` or None, and the last states.

    Source: `keras.backend.rnn`.
    """

    def body(states: Any, now: tuple) -> tuple[Any, Any]:
        inputs, counts = now
        output, new = step(inputs, states)
        if counts is not None:
            before = states[-1][0] if isinstance(states[0], list | tuple) else states[0]
            output = jnp.where(counts, output, jnp.zeros_like(output) if zero_output_for_mask else before)
            new = jax.tree.map(lambda old, new: jnp.where(counts, new, old), states, new)
        return new, output

    xs = (jax.tree.map(_swap, sequences), None if mask is None else _counts(mask))
    states, outputs = lax.scan(body, states, xs, reverse=go_backwards, unroll=bool(unroll) or 1)
    last = outputs[0 if go_backwards else -1]
    return last, _in_order(outputs, go_backwards) if return_sequences else None, states


def _swap(x: Array) -> Array:
    return jnp.swapaxes(x, 0, 1)


def _counts(mask: Array) -> Array:
    """The mask with time first and an axis that broadcasts: `(time, batch, 1)`."""
    mask = mask.astype(bool)
    return _swap(mask[..., None] if mask.ndim == 2 else jnp.any(mask, axis=-1, keepdims=True))


def _in_order(outputs: Array, go_backwards: bool) -> Array:
    """Outputs with the batch first, the first to be computed in front."""
    return _swap(jnp.flip(outputs, 0) if go_backwards else outputs)


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
) -> tuple[Array, Array, Array]:
    """Long short-term memory: gates decide what its cell keeps, takes in and shows.

    At each time step

        i, f, g, o = split(x kernel + h recurrent_kernel + bias)
        c = sigmoid(f) c + sigmoid(i) tanh(g)
        h = sigmoid(o) tanh(c)

    Its derivative is written out so that the gradients of the kernels are one matrix product each, over all steps and
    samples together, where plain differentiation adds up a small product a step. See `core/ways.py` for what that gains.

    Args:
        sequences: the inputs.
        h, c: the first states.
        kernel, recurrent_kernel, bias: the weights; the bias may be None.
        mask: False where a step is to be skipped: the states stay.
        go_backwards: from the last time step to the first; the outputs are in that order, too.
        return_sequences: whether h is given for all steps, or for the last.

    Shape:
        sequences (batch, time, features), h and c (batch, units), kernel (features, 4 units), recurrent_kernel
        (units, 4 units), bias (4 units,), mask (batch, time) → (batch, time, units) or (batch, units), h, c.

    Source: Hochreiter and Schmidhuber, Neural Computation 9(8), 1997; the forget gate: Gers et al., 2000.
    """
    hoisted = ways(jax.default_backend()).recurrence == "inputs first"
    counts = None if mask is None else _counts(mask)
    outputs, h, c = _lstm(
        return_sequences, go_backwards, hoisted, _swap(sequences), h, c, kernel, recurrent_kernel, bias, counts
    )
    return h if outputs is None else _in_order(outputs, go_backwards), h, c


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _lstm(every: bool, reverse: bool, hoisted: bool, *operands: Any) -> tuple[Array | None, Array, Array]:
    """Gives h of every step (or None), the last h, the last c; from x, h, c, kernel, recurrent_kernel, bias, counts."""
    (h, c), (outputs, _) = _run(every, reverse, hoisted, False, *operands)
    return outputs, h, c


def _run(
    every: bool,
    reverse: bool,
    hoisted: bool,
    save: bool,
    xs: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    counts: Array | None,
) -> tuple:
    """The loop over time; with `save` it keeps what the derivative needs of each step."""

    def project(x: Array) -> Array:
        return _add_bias(_product(x, kernel), bias)

    def step(states: tuple, now: tuple) -> tuple[Any, Any]:
        h, c = states
        x, counts = now
        # Keras adds the bias last; inside the loop we do, too, and get its bits
        z = x + h @ recurrent_kernel if hoisted else _add_bias(x @ kernel + h @ recurrent_kernel, bias)
        i, f, g, o = jnp.split(z, 4, axis=-1)
        i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
        new_c = f * c + i * g
        t = jnp.tanh(new_c)
        new_h = o * t
        saved = None
        if save:  # what multiplies dz_i, dz_f, dz_g, dc in dc; dz_o, dc in dh
            saved = h, (g * i * (1 - i), c * f * (1 - f), i * (1 - g * g), f, t * o * (1 - o), o * (1 - t * t))
        if counts is not None:
            new_h, new_c = jnp.where(counts, new_h, h), jnp.where(counts, new_c, c)
        return (new_h, new_c), (new_h if every else None, saved)

    return lax.scan(step, (h, c), (project(xs) if hoisted else xs, counts), reverse=reverse)


@functools.partial(_lstm.defjvp, symbolic_zeros=True)
def _lstm_jvp(every: bool, reverse: bool, hoisted: bool, primals: tuple, tangents: tuple) -> tuple:
    """The derivative: dz for all steps at once, then a loop that is linear in it.

    JAX transposes this into the gradient: a loop backwards in time that gives dz of all steps, then one product with the
    inputs and one with the states for the two kernels.
    """
    (h, c), (outputs, (before, slopes)) = _run(every, reverse, hoisted, True, *primals)
    xs, _, _, kernel, recurrent_kernel, _, counts = primals
    dxs, dh, dc, dkernel, drecurrent, dbias, _ = tangents
    dz = jnp.zeros((*before.shape[:-1], recurrent_kernel.shape[-1]), before.dtype)
    if not _is_zero(dkernel):
        dz = dz + _product(xs, dkernel)
    if not _is_zero(drecurrent):
        dz = dz + _product(before, drecurrent)
    if not _is_zero(dbias):
        dz = dz + dbias
    if not _is_zero(dxs):
        dz = dz + _product(dxs, kernel)

    def step(states: tuple, now: tuple) -> tuple[Any, Any]:
        dh, dc = states
        dz, (by_i, by_f, by_g, by_c, by_o, by_new_c), counts = now
        i, f, g, o = jnp.split(dz + dh @ recurrent_kernel, 4, axis=-1)
        new_dc = by_c * dc + by_i * i + by_f * f + by_g * g
        new_dh = by_o * o + by_new_c * new_dc
        if counts is not None:
            new_dh, new_dc = jnp.where(counts, new_dh, dh), jnp.where(counts, new_dc, dc)
        return (new_dh, new_dc), new_dh if every else None

    def loop(dz: Array, dh: Array, dc: Array) -> tuple:
        return lax.scan(step, (dh, dc), (dz, slopes, counts), reverse=reverse)

    # linear as it stands; but the first JAX versions that we support transpose only a scan that they have linearised
    # themselves. They run it on zeros for that, which compilers drop, since nobody uses the result.
    now = dz, _instant(dh), _instant(dc)
    _, linear = jax.linearize(loop, *map(jnp.zeros_like, now))
    (dh, dc), doutputs = linear(*now)
    return (outputs, h, c), (doutputs, dh, dc)


def _product(x: Array, kernel: Array) -> Array:
    """`x @ kernel` as a product of two matrices: XLA's CPU product over two axes at once takes twice as long."""
    return (x.reshape(-1, x.shape[-1]) @ kernel).reshape(*x.shape[:-1], kernel.shape[-1])


def _add_bias(z: Array, bias: Array | None) -> Array:
    return z if bias is None else z + bias


def _is_zero(tangent: Any) -> bool:
    return tangent is None or isinstance(tangent, SymbolicZero)


def _instant(tangent: Any) -> Array:
    return jnp.zeros(tangent.shape, tangent.dtype) if isinstance(tangent, SymbolicZero) else tangent
