"""What a graph is called on: inputs in its order however they are given, in the dtypes and ranks that it was made for."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn import ops
from jaxnn.core import tree
from jaxnn.core.config import warn_once
from jaxnn.core.graph import KerasTensor
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.sparse import is_bcoo


def standardized(model: Any, inputs: Any) -> list:
    """Flat arrays in the inputs' dtypes and ranks: a last axis of 1 is added or dropped where that fits."""
    _check_structure(model, inputs)
    return [
        None if x is None else _fit_rank(model, _as_dtype(x, ref.dtype), ref)
        for x, ref in zip(ordered(model, inputs), model._inputs, strict=True)
    ]


def ordered(model: Any, inputs: Any) -> list:
    """The flat inputs in the graph's order, however they are given: nested alike, flat, or by name."""
    struct = model._inputs_struct
    if isinstance(inputs, dict) and not isinstance(struct, dict):
        names = [x.name for x in model._inputs]
        missing = [n for n in names if n not in inputs]
        if missing:
            raise ValueError(
                f"Model '{model.name}': inputs given as a dict lack {missing}. It has the inputs {names}; got "
                f"{list(inputs)}."
            )
        return [inputs[n] for n in names]
    if isinstance(inputs, dict) and isinstance(struct, dict):
        missing = [k for k in struct if k not in inputs]
        if missing:
            raise ValueError(f"Model '{model.name}': inputs given as a dict lack {missing}; got {list(inputs)}.")
        return tree.flatten({k: inputs[k] for k in struct})
    if isinstance(struct, dict) and tree.is_nested(inputs) and list(struct) != sorted(struct):
        raise ValueError(
            f"The structure of `inputs` doesn't match the expected structure.\nExpected: {list(struct)}\n"
            f"Received: inputs={_kinds(inputs)}"
        )
    flat = tree.flatten(inputs)
    if len(flat) != len(model._inputs):
        raise ValueError(f"Model '{model.name}' has {len(model._inputs)} inputs; got {len(flat)}: {_kinds(inputs)}.")
    return flat


def _check_structure(model: Any, inputs: Any) -> None:
    """Says once that inputs nest otherwise than those of the model, where that may be a mistake."""
    struct = model._inputs_struct
    by_name = isinstance(inputs, dict) and not isinstance(struct, dict)
    alone = isinstance(struct, list) and len(struct) == 1 and not tree.is_nested(inputs)
    if by_name or alone:
        return
    try:
        tree.assert_same_structure(tree.lists_to_tuples(struct), tree.lists_to_tuples(inputs))
    except ValueError:
        expected = tree.map_structure(lambda x: "None" if x is None else x.name, struct)
        warn_once(
            f"The structure of `inputs` doesn't match the expected structure.\nExpected: {expected}\n"
            f"Received: inputs={_kinds(inputs)}",
            key=f"structure {id(model)} {expected} {tree.map_structure(lambda _: 0, inputs)}",
        )


def _kinds(inputs: Any) -> Any:
    return tree.map_structure(lambda x: "None" if x is None else f"Tensor(shape={tuple(x.shape)})", inputs)


def _as_dtype(x: Any, dtype: str) -> Any:
    if isinstance(x, KerasTensor) or (isinstance(x, jax.Array) and x.dtype == dtype):
        return x
    if is_bcoo(x):
        return ops.cast(x, dtype)
    y = jnp.asarray(x, dtype=None if dtype == "string" else dtype)
    set_keras_mask(y, get_keras_mask(x))
    return y


def _fit_rank(model: Any, x: Any, ref: KerasTensor) -> Any:
    rank, wanted = len(x.shape), len(ref.shape)
    if rank == wanted:
        return x
    if rank == wanted + 1 and x.shape[-1] == 1:
        y = x.squeeze(-1)
    elif rank == wanted - 1 and ref.shape[-1] == 1:
        y = x.reshape((*x.shape, 1)) if isinstance(x, jax.Array) else x[..., None]
    else:
        raise ValueError(
            f"Invalid input shape for model '{model.name}', input with name '{ref.name}' and path '{_path(model, ref)}': "
            f"expected shape {ref.shape}, but input has incompatible shape {tuple(x.shape)}. Reshape it, or declare "
            f"Input({tuple(x.shape)[1:]})."
        )
    if isinstance(y, jax.Array):
        set_keras_mask(y, get_keras_mask(x))
    return y


def _path(model: Any, ref: KerasTensor) -> str:
    """Where an input stands in the structure of the inputs."""
    return next(".".join(map(str, path)) for path, x in tree.flatten_with_path(model._inputs_struct) if x is ref)
