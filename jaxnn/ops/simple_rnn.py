"""The arithmetic of the plain recurrent unit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.types import Array
from jaxnn.ops.fused_recurrence import Arrays, Unit, add, plus, plus_product, product, recurrence


def simple_rnn(
    sequences: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    go_backwards: bool = False,
    return_sequences: bool = False,
    activation: str = "tanh",
    unroll: bool = False,
) -> tuple[Array, Array]:
    """At each time step `h = activation(x kernel + bias + h recurrent_kernel)`.

    Its derivative is that of `ops/fused_recurrence.py`.

    Args:
        sequences: the inputs.
        h: the first state.
        kernel, recurrent_kernel, bias: the weights; the bias may be None.
        mask: False where a step is to be skipped: the state stays.
        go_backwards: from the last time step to the first; the outputs are in that order, too.
        return_sequences: whether h is given for all steps, or for the last.
        activation: one of `ACTIVATIONS`.
        unroll: whether the loop is written out. It compiles longer, and isn't faster on CPUs.

    Shape:
        sequences (batch, time, features), h (batch, units), kernel (features, units), recurrent_kernel
        (units, units), bias (units,), mask (batch, time) → (batch, time, units) or (batch, units), h.

    Source: Elman, Cognitive Science 14(2), 1990.
    """
    unit, weights = UNITS[activation], (kernel, recurrent_kernel, bias)
    outputs, (h,) = recurrence(unit, sequences, (h,), weights, mask, go_backwards, return_sequences, unroll)
    return outputs, h


# an activation, and its slope as a function of its value
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (jnp.tanh, lambda y: 1 - y * y),
    "relu": (jax.nn.relu, lambda y: (y > 0).astype(y.dtype)),
    "linear": (lambda z: z, jnp.ones_like),
}


def _project(x: Array, weights: tuple) -> Array:
    return add(product(x, weights[0]), weights[2])


def _step(activation: str, x: Array, states: Arrays, weights: tuple) -> tuple[Arrays, Array, Arrays]:
    (h,), (apply, slope) = states, ACTIVATIONS[activation]
    new = apply(x + h @ weights[1])
    return (new,), h, (slope(new),)


def _drive(xs: Array, dxs: Any, hs: Array, slopes: Arrays, weights: tuple, dweights: tuple) -> Array:
    dkernel, drecurrent, dbias = dweights
    dz = plus_product(jnp.zeros_like(hs), xs, dkernel)
    dz = plus_product(dz, hs, drecurrent)
    dz = plus(dz, dbias)
    return plus_product(dz, dxs, weights[0])


def _linear(dz: Array, slopes: Arrays, dstates: Arrays, weights: tuple) -> Arrays:
    return (slopes[0] * (dz + dstates[0] @ weights[1]),)


UNITS = {name: Unit(_project, functools.partial(_step, name), _drive, _linear) for name in ACTIVATIONS}
