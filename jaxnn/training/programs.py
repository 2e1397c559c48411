"""Compiled programs, shared by whatever traces to the same computation.

A second fit, a rebuilt equal model, a clone: they all trace (milliseconds) and then find the program that is already
compiled (which takes hundreds). The key is the traced computation itself, never a config: the text of the jaxpr, the
bytes of every constant in it however deep, the shapes and dtypes that go in, what is donated. A computation that calls
back to the host is not shared, since its text doesn't say which function it calls. What is cached is the jaxpr, not the
model: a cached program keeps no model alive and never reads an attribute again.
"""

from __future__ import annotations

import collections
import hashlib
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.core
import numpy as np

from jaxnn.core import compilation_cache
from jaxnn.core.types import Array
from jaxnn.training import small_products
from jaxnn.training.jaxprs import equations, is_closed, is_jaxpr

_LIMIT = 256
_compiled: collections.OrderedDict[Any, Callable] = collections.OrderedDict()


def shared(fn: Callable, *args: Any, donate: tuple[int, ...] = ()) -> Callable:
    """`fn` compiled for arguments like these, or the equal program that is compiled already.

    Args:
        fn: a pure function of pytrees of arrays.
        *args: an example call; only shapes and dtypes matter.
        donate: the positions of arguments whose buffers may be reused for the result.

    Returns:
        A function of such arguments. Its attribute `calls_host` says whether it does, so that a call may fail midway.
    """
    traced = jax.jit(fn).trace(*args)
    closed = traced.jaxpr
    leaves, structure = jax.tree.flatten(args)
    donated = _donated_leaves(args, donate)
    program = None
    key = None
    if not calls_host(closed):
        key = (*computation(closed), structure, _kinds(leaves), donated)
        program = _compiled.get(key)
    if program is None:
        rewritten = None if key is None else small_products.written_out(closed)
        options = _compiler_options(closed, barriers=rewritten is not None)
        compiled = rewritten or _function_of(closed)
        program = compilation_cache.jit(compiled, *leaves, donate_argnums=donated, compiler_options=options)
        _release_memory()
        if key is not None:
            _compiled[key] = program
            if len(_compiled) > _LIMIT:
                _compiled.popitem(last=False)
    elif key is not None:
        _compiled.move_to_end(key)
    out_structure = jax.tree.structure(traced.out_info)

    def run(*args: Any) -> Any:
        return jax.tree.unflatten(out_structure, program(*jax.tree.leaves(args)))

    run.calls_host = key is None  # type: ignore[attr-defined]
    return run


def computation(closed: Any) -> tuple:
    """What tells a traced computation from others: the hash of its jaxpr's text, and every constant in it, however deep."""
    return hashlib.sha256(str(closed.jaxpr).encode()).digest(), _constants(closed)


def _release_memory() -> None:
    """Gives the operating system what the compiler has freed, tens of MiB, which the C library would keep; takes 1 ms."""
    import ctypes

    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # glibc's
            trim(0)


def clear() -> None:
    """Forgets all compiled programs (`clear_session`)."""
    _compiled.clear()


def _function_of(closed: Any) -> Callable:
    """What was traced, as a function of its leaves."""

    def traced(*leaves: Array) -> list[Array]:
        return jax.core.eval_jaxpr(closed.jaxpr, closed.consts, *leaves)

    return traced


def _compiler_options(closed: Any, barriers: bool) -> dict[str, Any] | None:
    """What a program with barriers needs on a CPU, lest XLA's compiler drops them early.

    Those of `remat` keep the second run of a function apart from the first; without them XLA finds that both compute the
    same, and keeps the first one's arrays. `small_products.py` says what its own are for.

    All else is as it comes: LLVM's lower levels of optimisation round otherwise than the one with which Keras's programs
    are compiled, and training makes much of that (`tests/parity/test_histories.py`).

    Args:
        closed: the traced computation.
        barriers: whether it has some in any case.
    """
    if jax.default_backend() != "cpu":
        return None
    kept = barriers or any(eqn.primitive.name in ("checkpoint", "remat2") for eqn in equations(closed.jaxpr))
    return {"xla_disable_hlo_passes": "cse_barrier_expander"} if kept else None


def _donated_leaves(args: tuple, donate: tuple[int, ...]) -> tuple[int, ...]:
    """The positions of leaves, where whole arguments are donated."""
    positions: list[int] = []
    start = 0
    for i, arg in enumerate(args):
        count = len(jax.tree.leaves(arg))
        if i in donate:
            positions.extend(range(start, start + count))
        start += count
    return tuple(positions)


def _kinds(leaves: list) -> tuple:
    def kind(x: Any) -> tuple:
        weak = bool(getattr(x, "weak_type", False)) or isinstance(x, int | float)
        return (np.shape(x), str(jax.dtypes.result_type(x)), weak, getattr(x, "sharding", None))

    return tuple(map(kind, leaves))


def calls_host(closed: Any) -> bool:
    """Whether a traced computation calls back to the host, or has other effects: it may fail midway, and each call counts."""
    return any("callback" in eqn.primitive.name or eqn.effects for eqn in equations(closed.jaxpr))


def _constants(closed: Any) -> bytes:
    """A digest of all arrays that the computation closes over, which its text doesn't show."""
    digest = hashlib.sha256()

    def add(x: Any) -> None:
        if isinstance(x, jax.Array) and jax.dtypes.issubdtype(x.dtype, jax.dtypes.extended):
            x = jax.random.key_data(x)
        array = np.asarray(x)
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())

    def visit_closed(c: Any) -> None:
        for const in c.consts:
            add(const)
        visit(c.jaxpr)

    def visit(jaxpr: Any) -> None:
        for eqn in jaxpr.eqns:
            for atom in eqn.invars:
                if hasattr(atom, "val") and np.ndim(atom.val):  # a literal
                    add(atom.val)
            for value in eqn.params.values():
                visit_value(value)

    def visit_value(value: Any) -> None:
        if is_closed(value):
            visit_closed(value)
        elif is_jaxpr(value):
            visit(value)
        elif isinstance(value, list | tuple):
            for item in value:
                visit_value(item)
        elif isinstance(value, np.ndarray | jax.Array) and not isinstance(value, jax.core.Tracer):
            add(value)

    visit_closed(closed)
    return digest.digest()
