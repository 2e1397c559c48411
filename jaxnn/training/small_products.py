"""Products of small matrices in the loops of a compiled program, written out as sums.

XLA's compiler for CPUs leaves a product to a library, whose call costs more than the arithmetic: for networks of sixteen
units, half of a training step. Written out, term by term, a product is part of a kernel. `python -m benchmarks.ways` measures
both.

The terms are added in the order of XLA's libraries on CPUs with AVX-512, each by a fused multiply-add, so that the numbers
are the same there, nearly always bit by bit; elsewhere they are to rounding. Products whose order is unknown are left.

What is rewritten is the traced computation, after all derivatives have been taken: no layer and no step knows of it.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxnn.core.types import Array
from jaxnn.core.ways import ways
from jaxnn.training.jaxprs import inner_jaxprs, is_closed

_TERMS = 64  # of a product
_ALL_TERMS = 256  # of all products: each lengthens the compilation
_WORK = 20_000  # multiplications; beyond, a library's blocks make up for what its call costs
_FLOAT = np.dtype("float32")
_NAMES = ("pjit", "jit")  # only a name for the equations inside
_WITH_RULES = ("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr")  # likewise, where nobody differentiates
_COSTLY = ("exp", "log", "logistic", "tanh")  # what XLA computes once, however many kernels read it


def written_out(closed: Any) -> Callable | None:
    """A traced computation as a function of its leaves, with the small products in its loops written out.

    Args:
        closed: a jaxpr and its constants. It calls nothing on the host.

    Returns:
        None where there is nothing to write out, or too much, or another way is faster (`core/ways.py`). Whoever compiles the function
        keeps its barriers: `programs.py` says how. It is not for derivatives, since it knows nobody's rules.
    """
    if ways(jax.default_backend()).small_products != "written out":
        return None
    if not 0 < _terms(closed.jaxpr, in_loop=False) <= _ALL_TERMS:
        return None

    def run(*leaves: Array) -> list[Array]:
        try:
            return _evaluate(closed.jaxpr, closed.consts, leaves, in_loop=False)
        except Exception:  # an equation that takes more than its parameters to compute: JAX knows how
            return jax.core.eval_jaxpr(closed.jaxpr, closed.consts, *leaves)

    return run


def _terms(jaxpr: Any, in_loop: bool) -> int:
    """How many terms all products to be written out have."""
    found = 0
    for eqn in jaxpr.eqns:
        product = Product.of(eqn) if in_loop else None
        found += 0 if product is None else product.terms
        if eqn.primitive.name in ("while", *_NAMES, *_WITH_RULES):
            inside = in_loop or eqn.primitive.name == "while"
            found += sum(_terms(inner, inside) for inner in inner_jaxprs(eqn))
    return found


# --- the computation, equation by equation ---------------------------------------------------------------------------
# As in https://docs.jax.dev/en/latest/notebooks/Writing_custom_interpreters_in_Jax.html


def _evaluate(jaxpr: Any, consts: Any, args: Any, in_loop: bool) -> list[Array]:
    known: dict[Any, Any] = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*consts, *args), strict=True))
    ends = _read_once_by_costly(jaxpr) if in_loop else set()

    def read(atom: Any) -> Any:
        return atom.val if hasattr(atom, "val") else known[atom]

    for eqn in jaxpr.eqns:
        values = [read(v) for v in eqn.invars]
        product = Product.of(eqn) if in_loop else None
        if product is not None:
            a, b = values
            results = [product.compute(a, b, fused=eqn.outvars[0] in ends)]
        elif eqn.primitive.name in (*_NAMES, *_WITH_RULES):
            inner = next(value for value in eqn.params.values() if is_closed(value))
            results = _evaluate(inner.jaxpr, inner.consts, values, in_loop)
        elif eqn.primitive.name == "while":
            results = _loop(eqn.params, values)
        else:
            found = eqn.primitive.bind(*values, **eqn.params)
            results = found if eqn.primitive.multiple_results else [found]
        known.update(zip(eqn.outvars, results, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _loop(params: dict[str, Any], values: list) -> Any:
    """The same loop, with its step rewritten."""
    condition, body = params["cond_jaxpr"], params["body_jaxpr"]
    first, second = params["cond_nconsts"], params["cond_nconsts"] + params["body_nconsts"]
    of_condition, of_body, start = values[:first], values[first:second], values[second:]

    def goes_on(carry: Any) -> Any:
        return _evaluate(condition.jaxpr, condition.consts, (*of_condition, *carry), in_loop=False)[0]

    def step(carry: Any) -> Any:
        return _evaluate(body.jaxpr, body.consts, (*of_body, *carry), in_loop=True)

    return lax.while_loop(goes_on, step, start)


def _read_once_by_costly(jaxpr: Any) -> set:
    """What only a costly function reads, or a sum that only one reads."""
    reads = Counter(v for eqn in jaxpr.eqns for v in eqn.invars if not hasattr(v, "val"))
    reads.update(v for v in jaxpr.outvars if not hasattr(v, "val"))
    found: set = set()
    for eqn in reversed(jaxpr.eqns):
        name = eqn.primitive.name
        if name in _COSTLY or (name == "add" and eqn.outvars[0] in found):
            found.update(v for v in eqn.invars if not hasattr(v, "val") and reads[v] == 1)
    return found


# --- what is written out ---------------------------------------------------------------------------------------------


class Product(NamedTuple):
    """A product of two matrices, along one axis of each."""

    terms: int  # of each entry
    left: int
    right: int
    sums: int  # in how many the terms are added up, in turn

    @classmethod
    def of(cls, eqn: Any) -> Product | None:
        """The product that this equation is; None if it is none, or not to be written out."""
        if eqn.primitive.name != "dot_general":
            return None
        (left, right), (batch, _) = eqn.params["dimension_numbers"]
        a, b = (v.aval for v in eqn.invars)
        if batch or len(left) != 1 or a.ndim != 2 or b.ndim != 2:
            return None
        if {a.dtype, b.dtype, eqn.outvars[0].aval.dtype} != {_FLOAT}:
            return None
        (i,), (j,) = left, right
        terms, rows, columns = a.shape[i], a.shape[1 - i], b.shape[1 - j]
        sums = _sums(terms, columns, i, j)
        if sums is None or min(rows, columns) < 2 or terms > _TERMS or terms * rows * columns > _WORK:
            return None
        return cls(terms, i, j, sums)

    def compute(self, a: Array, b: Array, fused: bool) -> Array:
        """The product. Barriers keep what it reads, and what reads it, from being computed anew in its kernel.

        Args:
            a, b: the matrices.
            fused: whether what reads it may join its kernel. Elsewhere it would round otherwise: XLA would not draw the
                lines between kernels where it draws them around a library's products.
        """
        a, b = lax.optimization_barrier((a, b))
        b = b if self.right == 0 else _in_memory(b.T)
        shape = (a.shape[1 - self.left], b.shape[1])

        def term(k: int) -> Array:
            x = lax.slice_in_dim(a, k, k + 1, axis=self.left)
            x = lax.reshape(x, (shape[0], 1)) if self.left == 0 else x
            y = lax.slice_in_dim(b, k, k + 1)
            return lax.mul(lax.broadcast_in_dim(x, shape, (0, 1)), lax.broadcast_in_dim(y, shape, (0, 1)))

        terms = [term(k) for k in range(self.terms)]
        # the new term comes first: of two products, that one is fused with the sum
        totals = [functools.reduce(lambda total, x: lax.add(x, total), terms[k :: self.sums]) for k in range(self.sums)]
        while len(totals) > 1:
            totals = [lax.add(x, y) for x, y in zip(totals[::2], totals[1::2], strict=True)]
        return totals[0] if fused or self.left == 0 else lax.optimization_barrier(totals[0])


def _sums(terms: int, columns: int, left: int, right: int) -> int | None:
    """In how many sums, term after term in turn, XLA's libraries add up a product; None if that isn't known.

    Args:
        terms: of each entry.
        columns: of the result.
        left, right: the axes along which the terms are.
    """
    if left == 0:
        return 1
    if terms % 4 and (right == 1 or columns < 16):
        return None
    if right == 0:
        sums = 4 if columns <= 16 and terms % 4 == 0 else 1
    else:
        sums = 1 if columns % 64 == 0 else 2 if columns % 32 == 0 else 4
    return sums if sums == 1 or terms > sums else None


def _in_memory(x: Array) -> Array:
    """X as it is, in memory: XLA gathers into an array, where it would read any other transposed matrix from afar."""
    return jnp.take(x, np.arange(len(x)), axis=0, mode="clip")
