"""What becomes of a call's inputs before `call` sees them: arrays on the device, floats in the layer's compute dtype."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import dtypes, tree
from jaxnn.core.call import is_tensor_like
from jaxnn.core.graph import KerasTensor, is_tensor, op
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.variable import Variable


def convert_inputs(args: tuple, kwargs: dict[str, Any], dtype: str, autocast: bool) -> tuple[tuple, dict[str, Any]]:
    """The arguments of a call with NumPy's arrays as JAX's, and floats in a dtype if they are to be cast.

    A tensor of the right dtype that is the only argument is left as it is, and the arguments with it. Then, as in Keras, a
    recorded call has the masks and the `training` that are filled in later among its arguments.
    """
    if not kwargs and len(args) == 1 and is_tensor_like(args[0]) and args[0].dtype == dtype:
        return args, kwargs

    def one(x: Any) -> Any:
        return _convert(x, dtype, autocast)

    return tuple(tree.map_structure(one, x) for x in args), {k: tree.map_structure(one, v) for k, v in kwargs.items()}


def _convert(x: Any, dtype: str, autocast: bool) -> Any:
    """NumPy to JAX, and floats to the dtype; a mask stays on."""
    if isinstance(x, KerasTensor):
        return _symbolic_cast(x, dtype) if _should_cast(x, dtype, autocast) else x
    if isinstance(x, Variable):
        x = x.value
    if not is_tensor(x):
        if not hasattr(x, "__array__"):
            return x
        x = np.asarray(x)
        if x.dtype.kind in "USO":
            return x
        cast = _should_cast(x, dtype, autocast)
        return jax.device_put(x.astype(dtype if cast else jax.dtypes.canonicalize_dtype(x.dtype)))
    if not _should_cast(x, dtype, autocast):
        return x
    y = x.astype(dtype)
    set_keras_mask(y, get_keras_mask(x))
    return y


def _should_cast(x: Any, dtype: str, autocast: bool) -> bool:
    return autocast and dtypes.is_float_dtype(x.dtype) and dtypes.standardize_dtype(x.dtype) != dtype


@op
def _symbolic_cast(x: Any, dtype: Any) -> Any:
    return jnp.asarray(x).astype(dtype)


def only_tensors(args: tuple) -> None:
    """Refuses what is no tensor among the positional arguments.

    Raises:
        ValueError: if there is something.
    """
    for x in tree.flatten(args):
        if x is not None and not is_tensor_like(x):
            raise ValueError(
                "Only input tensors may be passed as positional arguments. The following argument value should be "
                f"passed as a keyword argument: {x} (of type {type(x)})"
            )


def describe(args: tuple) -> str:
    """The tensors among the arguments in short: `f32[32,128], i32[32]`."""
    short = {"float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16", "int32": "i32", "bool": "bool"}
    tensors = [x for x in tree.flatten(args) if is_tensor_like(x)]
    names = [dtypes.standardize_dtype(x.dtype) for x in tensors]
    return (
        ", ".join(f"{short.get(n, n)}[{','.join(map(str, x.shape))}]" for n, x in zip(names, tensors, strict=True))
        or "no tensors"
    )
