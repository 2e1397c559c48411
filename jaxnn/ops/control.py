"""Loops, branches and gradients: JAX's own, under Keras's names. Bodies must be functions of arrays.

Source: https://keras.io/api/ops/core/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core import tree
from jaxnn.core.graph import KerasTensor, compute_output_spec, op
from jaxnn.core.types import PyTree
from jaxnn.core.variable import Variable
from jaxnn.ops.core import taking_whole


def _cond_spec(pred: Any, true_fn: Callable, false_fn: Callable) -> PyTree:
    one, other = compute_output_spec(true_fn), compute_output_spec(false_fn)
    if jax.tree.map(_spec_of, one) != jax.tree.map(_spec_of, other):
        raise ValueError(
            "`true_fn` and `false_fn` should return outputs of the same kind (struct, dtype and shape). Got "
            f"{one} and {other} instead."
        )
    return one


def _spec_of(x: Any) -> Any:
    return (x.shape, x.dtype) if isinstance(x, KerasTensor) else x


@op(spec=_cond_spec)
def cond(pred: Any, true_fn: Callable, false_fn: Callable) -> PyTree:
    """`true_fn()` where `pred` holds, else `false_fn()`. Only one of them runs; both must give the same shapes.

    Example:
        >>> cond(True, lambda: 1.0, lambda: 2.0)
        Array(1., dtype=float32, weak_type=True)
    """
    return jax.lax.cond(pred, true_fn, false_fn)


@taking_whole("index")
def switch(index: Any, branches: Sequence[Callable], *operands: Any) -> PyTree:
    """`branches[index](*operands)`, the index moved into range. Only one branch runs.

    Example:
        >>> switch(1, [lambda x: x + 1, lambda x: x * 10], np.float32(3))
        Array(30., dtype=float32)
    """
    return jax.lax.switch(index, branches, *operands)


@op
def while_loop(cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: int | None = None) -> PyTree:
    """Repeats `loop_vars = body(*loop_vars)` while `cond(*loop_vars)` holds. Has no reverse-mode gradient.

    Args:
        cond: gives a boolean scalar.
        body: gives new values of the same shapes and dtypes.
        loop_vars: a tuple or list, or a single value.
        maximum_iterations: an upper limit.

    Example:
        >>> while_loop(lambda i: i < 10, lambda i: i + 3, 0)
        Array(12, dtype=int32, weak_type=True)
    """
    single = not isinstance(loop_vars, tuple | list)
    first = (loop_vars,) if single else tuple(loop_vars)

    def step(carry: tuple) -> tuple:
        count, values = carry
        values = body(*values)
        return count + 1, (values,) if single else tuple(values)

    def goes_on(carry: tuple) -> Any:
        count, values = carry
        return cond(*values) if maximum_iterations is None else cond(*values) & (count < maximum_iterations)

    _, values = jax.lax.while_loop(goes_on, step, (0, first))
    return values[0] if single else values


@op
def fori_loop(lower: Any, upper: Any, body_fun: Callable, init_val: PyTree) -> PyTree:
    """`for i in range(lower, upper): val = body_fun(i, val)`, as one compiled loop.

    Example:
        >>> fori_loop(0, 4, lambda i, total: total + i, 0)
        Array(6, dtype=int32, weak_type=True)
    """
    return jax.lax.fori_loop(lower, upper, body_fun, init_val)


@op
def scan(
    f: Callable, init: PyTree, xs: PyTree = None, length: int | None = None, reverse: bool = False, unroll: Any = 1
) -> tuple[PyTree, PyTree]:
    """Carries a value along the first axis: `carry, y = f(carry, x)` for each x; the ys are stacked.

    Args:
        f: the step.
        init: the first carry.
        xs: arrays with the same first axis, or None.
        length: the number of steps, needed when `xs` is None.
        reverse: from the last x to the first.
        unroll: how many steps to write out in one round of the loop, or True for all.

    Returns:
        The last carry, and the stacked ys.

    Raises:
        ValueError: if `unroll` is neither a positive int nor a bool.

    Example:
        >>> scan(lambda total, x: (total + x, total + x), 0.0, np.array([1.0, 2.0, 3.0], np.float32))[1]
        Array([1., 3., 6.], dtype=float32)
    """
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(f"`unroll` must be an positive integer or boolean. Received: unroll={unroll}")
    return jax.lax.scan(f, init, xs, length=length, reverse=reverse, unroll=unroll)


@op
def associative_scan(f: Callable, elems: PyTree, reverse: bool = False, axis: int = 0) -> PyTree:
    """All partial results of an associative `f` along an axis, in a logarithmic number of rounds.

    Example:
        >>> associative_scan(jnp.maximum, np.array([1, 3, 2]))
        Array([1, 3, 3], dtype=int32)
    """
    return jax.lax.associative_scan(f, elems, reverse, axis)


@op
def map(f: Callable, xs: PyTree) -> PyTree:
    """`f` of each slice along the first axis, one after the other; the results are stacked.

    Example:
        >>> map(lambda row: row.sum(), np.ones((2, 3), np.float32))
        Array([3., 3.], dtype=float32)
    """
    return jax.lax.map(f, xs)


@op
def vectorized_map(function: Callable, elements: PyTree) -> PyTree:
    """`function` of each slice along the first axis, all at once.

    Example:
        >>> vectorized_map(lambda row: row.sum(), np.ones((2, 3), np.float32))
        Array([3., 3.], dtype=float32)
    """
    return jax.vmap(function)(elements)


def vectorize(pyfunc: Callable, *, excluded: Any = None, signature: str | None = None) -> Callable:
    """A function of single entries (or of what `signature` says) made one of whole arrays, which broadcast.

    Args:
        pyfunc: the function.
        excluded: positions and names of arguments that are handed through as they are.
        signature: the axes that one call takes and gives: "(n),(n)->()" for two vectors and a number. None is one entry.

    Raises:
        ValueError: if `pyfunc` can't be called.

    Example:
        >>> vectorize(jnp.dot, signature="(n),(n)->()")(np.array([[3, 1], [0, 2]]), np.array([1, 10])).tolist()
        [13, 20]
    """
    if not callable(pyfunc):
        raise ValueError(f"Expected argument `pyfunc` to be a callable. Received: pyfunc={pyfunc}")
    return _on_values(jnp.vectorize(pyfunc, excluded=excluded or set(), signature=signature))


@op
def jvp(fun: Callable, primals: Sequence, tangents: Sequence, has_aux: bool = False) -> tuple:
    """`fun(*primals)`, and how fast it changes in the direction of the tangents (forward mode): J v.

    Args:
        fun: a function of arrays.
        primals: where.
        tangents: the direction: for each primal an array of its shape and dtype.
        has_aux: whether `fun` gives a pair, whose second part is only handed through, as a third result.

    Example:
        >>> value, rate = jvp(jnp.square, (jnp.float32(3.0),), (jnp.float32(1.0),))
        >>> float(value), float(rate)
        (9.0, 6.0)
    """
    return jax.jvp(fun, tuple(primals), tuple(tangents), has_aux=has_aux)


@op
def stop_gradient(variable: PyTree) -> PyTree:
    """The same value, which the gradient takes for a constant.

    Example:
        >>> jax.grad(lambda x: x * stop_gradient(x))(3.0)
        Array(3., dtype=float32, weak_type=True)
    """
    return jax.lax.stop_gradient(variable)


def custom_gradient(f: Callable) -> Callable:
    """A function with a gradient of its own: `f` gives its value, and a function from upstream to input gradients.

    Example:
        >>> @custom_gradient
        ... def clipped(x):
        ...     return x, lambda upstream: jnp.clip(upstream, -1.0, 1.0)
        >>> jax.grad(lambda x: 5.0 * clipped(x))(2.0)
        Array(1., dtype=float32, weak_type=True)
    """
    return _on_values(jax.custom_gradient(f))


def _on_values(fn: Callable) -> Callable:
    """The function with Variables taken as their values."""

    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = tree.map_structure(lambda x: x.value if isinstance(x, Variable) else x, (args, kwargs))
        return fn(*args, **kwargs)

    return call
