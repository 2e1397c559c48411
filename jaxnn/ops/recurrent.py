"""A loop over time for any step: what recurrent layers are made of.

Time comes first inside, so that a step's inputs lie together in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxnn.core.types import Array


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
        unroll: whether the loop is written out, step by step. It compiles longer. As in Keras, the output of a masked
            step is then the output before (0 at the beginning), whatever `zero_output_for_mask` says.
        zero_output_for_mask: whether the output is 0 where the mask is False.
        return_sequences: whether the outputs of all steps are wanted.

    Returns:
        The last output, all outputs `(batch, time, ...)` or None, and the last states.

    Source: `keras.backend.rnn`.
    """
    xs = jax.tree.map(swap, sequences)
    counts = None if mask is None else counting(mask)
    if unroll:
        each, states = _written_out(step, xs, states, counts, go_backwards)
        return each[-1], jnp.stack(each, 1) if return_sequences else None, states

    def body(states: Any, now: tuple) -> tuple[Any, Any]:
        inputs, counts = now
        output, new = step(inputs, states)
        if counts is not None:
            before = states[-1][0] if isinstance(states[0], list | tuple) else states[0]
            output = choose(counts, output, jnp.zeros_like(output) if zero_output_for_mask else before)
            new = jax.tree.map(lambda new, old: choose(counts, new, old), new, states)
        return new, output

    states, outputs = lax.scan(body, states, (xs, counts), reverse=go_backwards)
    last = outputs[0 if go_backwards else -1]
    return last, in_order(outputs, go_backwards) if return_sequences else None, states


def _written_out(
    step: Callable, xs: Any, states: Any, counts: Array | None, go_backwards: bool
) -> tuple[list[Array], Any]:
    """All outputs in the order of computation, and the last states."""
    length = jax.tree.leaves(xs)[0].shape[0]
    outputs: list[Array] = []
    for t in reversed(range(length)) if go_backwards else range(length):
        output, new = step(jax.tree.map(lambda x, t=t: x[t], xs), states)
        if counts is not None:
            output = choose(counts[t], output, outputs[-1] if outputs else jnp.zeros_like(output))
            new = jax.tree.map(lambda new, old, t=t: choose(counts[t], new, old), new, states)
        states = new
        outputs.append(output)
    return outputs, states


def swap(x: Array) -> Array:
    """Time first, if the batch was; and back."""
    return jnp.swapaxes(x, 0, 1)


def counting(mask: Array) -> Array:
    """The mask with time first and one axis more: `(time, batch, 1)`."""
    mask = mask.astype(bool)
    return swap(mask[..., None] if mask.ndim == 2 else jnp.any(mask, axis=-1, keepdims=True))


def choose(counts: Array, new: Array, old: Array) -> Array:
    """The new values of the samples whose step counts, the old ones of the others."""
    return jnp.where(counts.reshape(counts.shape[0], *(1,) * (new.ndim - 1)), new, old)


def in_order(outputs: Array, go_backwards: bool) -> Array:
    """Outputs with the batch first, the first to be computed in front."""
    return swap(jnp.flip(outputs, 0) if go_backwards else outputs)
