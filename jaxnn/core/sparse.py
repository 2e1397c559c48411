"""Sparse arrays (JAX's BCOO): how they are recognised, and what operations do with them.

An operation without a rule sees dense arrays. The rules stand in one table, by the operation's name; `ops/sparse.py`
fills it. Nobody pays for `jax.experimental.sparse` who has no sparse array: whoever has one has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jaxnn.core import tree


class SparseRule(NamedTuple):
    """What one operation does with sparse arguments.

    Args:
        compute: `(fn, *args, **kwargs)` to the result, `fn` being the operation on dense arrays.
        stays: whether the result is sparse, from a truth value for each of the tensors: is it sparse? None: the
            operation's own rule for symbolic tensors says so.
        tensors: how many of the first arguments are tensors, or lists of them.
    """

    compute: Callable
    stays: Callable[[Sequence[bool]], bool] | None
    tensors: int = 1


rules: dict[str, SparseRule] = {}


def is_bcoo(x: Any) -> bool:
    """Whether this is a sparse array of JAX's."""
    return type(x) is _bcoo_class() is not None


def any_bcoo(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether a sparse array is among the arguments, or in a list or tuple there."""
    kind = _bcoo_class()
    if kind is None:
        return False
    for x in (*args, *kwargs.values()) if kwargs else args:
        if type(x) is kind or (type(x) in (list, tuple) and any(type(item) is kind for item in x)):
            return True
    return False


def _bcoo_class() -> type | None:
    module = sys.modules.get("jax.experimental.sparse")
    return None if module is None else vars(module).get("BCOO")


def of_one_entry(x: Any) -> Any:
    """A sparse array of the shape and dtype of a dense one. It's for looking at shapes: one entry says as much as many."""
    from jax.experimental.sparse import BCOO

    return BCOO.fromdense(x, nse=1)


def dense(x: Any) -> Any:
    """The dense form of a sparse array, also of those in a structure; anything else as it is."""
    if tree.is_nested(x):
        return tree.map_structure(dense, x)
    if not is_bcoo(x):
        return x
    if x.dtype == bool:  # JAX adds up numbers only
        return with_data(x, x.data.astype("int8")).todense().astype(bool)
    return x.todense()


def with_data(x: Any, data: Any) -> Any:
    """A sparse array with other numbers in the same places."""
    from jax.experimental.sparse import BCOO

    flags = {"indices_sorted": x.indices_sorted, "unique_indices": x.unique_indices}
    return BCOO((data, x.indices), shape=x.shape, **flags)


def call(name: str, fn: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The operation of that name on arguments among which there are sparse arrays."""
    rule = rules.get(name)
    if rule is None:
        return fn(*map(dense, args), **{k: dense(v) for k, v in kwargs.items()})
    return rule.compute(fn, *args, **kwargs)


def stays_sparse(name: str, args: Sequence[Any]) -> bool:
    """Whether the operation of that name gives a sparse result for symbolic arguments, in their places."""
    rule = rules.get(name)
    if rule is None or rule.stays is None:
        return False
    flags = [getattr(x, "sparse", False) or is_bcoo(x) for x in tree.flatten(tuple(args[: rule.tensors]))]
    return any(flags) and bool(rule.stays(flags))
