"""The loop of a recurrent unit with its derivative written out: what SimpleRNN, GRU and LSTM train by.

Plain differentiation of a loop adds up the gradients of its kernels step by step, a small product each. Here each kernel's
gradient is one product over all steps and samples together; see `core/ways.py` for what that gains.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero

from jaxnn.core.types import Array
from jaxnn.core.ways import ways
from jaxnn.ops.recurrent import counting, in_order, swap

Arrays = tuple[Array, ...]


class Unit(NamedTuple):
    """A recurrent unit as functions of its weights, a tuple in which absent ones are None.

    The derivative of a step is linear in two things: the drive, which comes from the inputs' and the weights' tangents and
    is known for all steps beforehand, and the states' tangents, which go from step to step.
    """

    project: Callable[
        [Array, tuple], Array
    ]  # (x, weights) → what the inputs add to the gates' sums; x of one step or all
    step: Callable[[Array, Arrays, tuple], tuple[Arrays, Any, Arrays]]  # (projected x, states, weights) → states, what
    # the drive needs of this step, and the slopes that `linear` needs
    drive: Callable[
        [Any, Any, Any, Arrays, tuple, tuple], Array
    ]  # (xs, dxs, kept, slopes, weights, dweights) of all steps
    linear: Callable[[Array, Arrays, Arrays, tuple], Arrays]  # (drive, slopes, dstates, weights) → the next dstates
    hoisted_by_keras: bool = False  # whether Keras multiplies the inputs before a loop that has no mask


class How(NamedTuple):
    """What of the loop is known when it is traced."""

    every: bool  # whether the first state is given for every step
    reverse: bool
    hoisted: bool  # whether the inputs are multiplied before the loop
    unroll: bool  # whether all steps are written out
    unroll_derivative: bool  # whether they are where the loop is differentiated


def recurrence(
    unit: Unit,
    sequences: Array,
    states: Arrays,
    weights: tuple,
    mask: Array | None,
    go_backwards: bool,
    return_sequences: bool,
    unroll: bool,
) -> tuple[Array, Arrays]:
    """The first state after every step or after the last, and the last states; with the batch first."""
    way = ways(jax.default_backend())
    short = sequences.shape[1] <= way.steps_written_out
    how = How(return_sequences, go_backwards, way.recurrence == "inputs first", unroll, unroll or short)
    counts = None if mask is None else counting(mask)
    outputs, states = fused(unit, how, swap(sequences), states, weights, counts)
    return states[0] if outputs is None else in_order(outputs, go_backwards), states


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def fused(
    unit: Unit, how: How, xs: Array, states: Arrays, weights: tuple, counts: Array | None
) -> tuple[Array | None, Arrays]:
    """The loop with time first: the first state after every step (or None), and the last states."""
    if unit.hoisted_by_keras and counts is None:  # values that nobody differentiates have its bits
        how = how._replace(hoisted=True)
    (outputs, _), states = run(unit, how, False, xs, states, weights, counts)
    return outputs, states


def run(
    unit: Unit, how: How, save: bool, xs: Array, states: Arrays, weights: tuple, counts: Array | None
) -> tuple[tuple, Arrays]:
    """The loop itself; with `save` it keeps what the derivative needs of each step."""

    def step(states: Arrays, now: tuple) -> tuple[Arrays, Any]:
        x, counts = now
        new, kept, slopes = unit.step(x if how.hoisted else unit.project(x, weights), states, weights)
        new = _where(counts, new, states)
        return new, (new[0] if how.every else None, (kept, slopes) if save else None)

    xs = unit.project(xs, weights) if how.hoisted else xs
    unroll = how.unroll_derivative if save else how.unroll
    states, outputs = lax.scan(step, states, (xs, counts), reverse=how.reverse, unroll=unroll or 1)
    return outputs, states


@functools.partial(fused.defjvp, symbolic_zeros=True)
def _fused_jvp(unit: Unit, how: How, primals: tuple, tangents: tuple) -> tuple:
    """The drive for all steps at once, then a loop that is linear in it.

    JAX transposes this into the gradient: a loop backwards in time that gives the drive's cotangents of all steps, then
    one product with the inputs and one with the states for the two kernels.
    """
    (outputs, (kept, slopes)), states = run(unit, how, True, *primals)
    xs, _, weights, counts = primals
    dxs, dstates, dweights, _ = tangents

    def step(dstates: Arrays, now: tuple) -> tuple[Arrays, Array | None]:
        drive, slopes, counts = now
        new = _where(counts, unit.linear(drive, slopes, dstates, weights), dstates)
        return new, new[0] if how.every else None

    def loop(drive: Array, *dstates: Array) -> tuple:
        return lax.scan(step, dstates, (drive, slopes, counts), reverse=how.reverse, unroll=how.unroll_derivative or 1)

    # linear as it stands; but the first JAX versions that we support transpose only a scan that they have linearised
    # themselves. They run it on zeros for that, which compilers drop, since nobody uses the result.
    now = unit.drive(xs, dxs, kept, slopes, weights, dweights), *map(_instant, dstates)
    _, linear = jax.linearize(loop, *map(jnp.zeros_like, now))
    dstates, doutputs = linear(*now)
    return (outputs, states), (doutputs, dstates)


def _where(counts: Array | None, new: Arrays, old: Arrays) -> Arrays:
    return new if counts is None else tuple(jnp.where(counts, a, b) for a, b in zip(new, old, strict=True))


def product(x: Array, kernel: Array) -> Array:
    """`x @ kernel` as a product of two matrices: XLA's CPU product over two axes at once takes twice as long."""
    return (x.reshape(-1, x.shape[-1]) @ kernel).reshape(*x.shape[:-1], kernel.shape[-1])


def add(x: Array, bias: Array | None) -> Array:
    """`x + bias`, where there is one."""
    return x if bias is None else x + bias


def plus_product(total: Array, x: Any, kernel: Any) -> Array:
    """`total + x @ kernel`, where one of them may be a tangent that is zero."""
    return total if _is_zero(x) or _is_zero(kernel) else total + product(x, kernel)


def plus(total: Array, tangent: Any) -> Array:
    """`total + tangent`, which may be zero."""
    return total if _is_zero(tangent) else total + tangent


def _is_zero(tangent: Any) -> bool:
    return tangent is None or isinstance(tangent, SymbolicZero)


def _instant(tangent: Any) -> Array:
    return jnp.zeros(tangent.shape, tangent.dtype) if isinstance(tangent, SymbolicZero) else tangent
