"""What a function would return for symbolic tensors: it is traced with primes in place of the unknown dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import sparse, tree
from jaxnn.core.graph.keras_tensor import KerasTensor, is_tensor
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.scope import StatelessScope, SymbolicScope
from jaxnn.core.sparse import is_bcoo
from jaxnn.core.variable import Variable

_PROBES = (83, 89)  # two primes: an output dimension that moves between them is unknown


def compute_output_spec(fn: Callable, *args: Any, **kwargs: Any) -> Any:
    """What `fn` would return for symbolic arguments, as KerasTensors.

    `fn` is traced abstractly twice, with two primes in place of every unknown dimension; a dimension of the output
    that differs between the two is unknown. Nothing is computed, and no variable or seed moves.
    """
    leaves = tree.flatten((args, kwargs))
    symbolic = [i for i, x in enumerate(leaves) if isinstance(x, KerasTensor)]
    unknown = any(None in leaves[i].shape for i in symbolic)
    runs = []
    for probe in _PROBES[: 2 if unknown else 1]:
        specs = [_concrete_spec(leaves[i], probe) for i in symbolic]
        runs.append(_abstract_run(fn, (args, kwargs), leaves, symbolic, specs))
    return _merge(*runs) if unknown else _merge(runs[0], runs[0])


def _concrete_spec(x: KerasTensor, probe: int) -> jax.ShapeDtypeStruct:
    shape = tuple(probe if d is None else d for d in x.shape)
    return jax.ShapeDtypeStruct(shape, jnp.dtype("int32" if x.dtype == "string" else x.dtype))


def _abstract_run(fn: Callable, structure: Any, leaves: list, symbolic: list[int], specs: list) -> Any:
    out_structure: list[Any] = []

    def run(*arrays: Any) -> list:
        filled = list(leaves)
        for i, array in zip(symbolic, arrays, strict=True):
            filled[i] = sparse.of_one_entry(array) if leaves[i].sparse else array
            mask = get_keras_mask(leaves[i])
            if mask is not None:
                shape = tuple(a if m is None else m for a, m in zip(array.shape, mask.shape, strict=False))
                set_keras_mask(filled[i], jnp.ones(shape, bool))
        args, kwargs = tree.pack_sequence_as(structure, filled)
        with StatelessScope(), SymbolicScope():
            outputs = fn(*args, **kwargs)
        outputs = tree.map_structure(lambda x: x.value if isinstance(x, Variable) else x, outputs)
        flat = tree.flatten(outputs)
        out_structure[:] = [outputs, [isinstance(x, np.ndarray) or is_tensor(x) for x in flat], flat]
        return [x for x in flat if isinstance(x, np.ndarray) or is_tensor(x)]

    arrays = iter(jax.eval_shape(run, *specs))
    outputs, is_array, flat = out_structure
    return tree.pack_sequence_as(outputs, [next(arrays) if a else x for a, x in zip(is_array, flat, strict=True)])


def _merge(first: Any, second: Any) -> Any:
    def join(a: Any, b: Any) -> Any:
        if not isinstance(a, jax.ShapeDtypeStruct) and not is_bcoo(a):
            return a
        shape = tuple(d if d == e else None for d, e in zip(a.shape, b.shape, strict=True))
        return KerasTensor(shape, dtype=a.dtype, sparse=is_bcoo(a))

    return tree.map_structure(join, first, second)
