"""The largest eigenvalue of a loss's Hessian, by products with vectors only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.types import Array
from jaxnn.training.programs import shared


def largest_eigenvalue(
    loss: Callable, params: Any, *args: Any, key: Array, most: int = 200, tolerance: float = 1e-4
) -> tuple[float, Any]:
    """The algebraically largest eigenvalue of H = d²L/dw² and its direction, by power iteration.

    v <- H v / ||H v||, lambda = v . H v, where H v = d/dt grad L(w + t v) is a forward derivative of the gradient: no matrix
    is ever made. Power iteration finds the eigenvalue of the largest size; if that is negative, H - lambda I, whose largest one is
    the one looked for, is iterated as well.

    Args:
        loss: `loss(params, *args)`, a scalar.
        params: a pytree.
        *args: arrays that the loss needs; what it closes over would be compiled in.
        key: of the first direction.
        most, tolerance: it stops after `most` products, or when an estimate changes by less than the tolerance, relatively.

    Returns:
        `(eigenvalue, direction)`, the direction of length 1 in the structure of `params`.

    Example:
        >>> value, _ = largest_eigenvalue(lambda w: 3 * w[0] ** 2 - w[1] ** 2, jnp.zeros(2), key=jax.random.key(0))
        >>> round(value, 3)
        6.0

    Source: B. Pearlmutter, "Fast exact multiplication by the Hessian" (1994).
    """
    leaves, structure = jax.tree.flatten(params)
    keys = jax.tree.unflatten(structure, list(jax.random.split(key, len(leaves))))

    def iterate(params: Any, args: tuple, shift: Array) -> tuple[Array, Any]:
        slope = jax.grad(lambda w: loss(w, *args))

        def step(carry: tuple) -> tuple:
            n, v, value, _ = carry
            hv = jax.tree.map(lambda a, b: a - shift * b, jax.jvp(slope, (params,), (v,))[1], v)
            new = _dot(v, hv)
            return n + 1, _unit(hv), new, jnp.abs(new - value) > tolerance * jnp.abs(new)

        start = _unit(jax.tree.map(lambda k, w: jax.random.normal(k, w.shape, w.dtype), keys, params))
        first = (0, start, jnp.zeros(()), jnp.array(True))
        _, v, value, _ = jax.lax.while_loop(lambda c: (c[0] < 3) | (c[3] & (c[0] < most)), step, first)
        return value + shift, v

    program = shared(iterate, params, args, jnp.zeros(()))
    value, v = program(params, args, jnp.zeros(()))
    if value < 0:
        value, v = program(params, args, value)
    return float(value), v


def _dot(a: Any, b: Any) -> Array:
    return sum(jax.tree.leaves(jax.tree.map(lambda x, y: jnp.vdot(x, y), a, b)), jnp.zeros(()))


def _unit(v: Any) -> Any:
    length = jnp.maximum(jnp.sqrt(_dot(v, v)), 1e-30)
    return jax.tree.map(lambda x: x / length, v)
