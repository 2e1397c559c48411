"""What layers of strings share: texts as byte strings, results for the device, the host's functions in compiled programs.

JAX has no strings. So these layers compute in NumPy, before whatever is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxnn.core.dtypes import standardize_dtype


def is_traced(x: Any) -> bool:
    """Whether an array has no values yet."""
    return isinstance(x, jax.core.Tracer)


def as_array(values: Any) -> np.ndarray:
    """Numbers or texts as NumPy; nested lists of texts become arrays of objects, since texts differ in length."""
    if not isinstance(values, np.ndarray):
        values = values.detach().cpu() if hasattr(values, "detach") else values
        array = np.asarray(values)
        values = np.asarray(values, dtype=object) if array.dtype.kind in "US" else array
    return np.asarray(values)


def is_text(values: np.ndarray) -> bool:
    """Whether an array holds texts, or objects that may be texts."""
    return values.dtype.kind in "USOT"


def as_bytes(values: Any, who: str) -> np.ndarray:
    """Texts as an array of byte strings, in UTF-8; byte strings stay as they are.

    Raises:
        ValueError: for anything else, among it rows of different lengths.
    """
    array = as_array(values)
    if not is_text(array):
        raise ValueError(f"{who}: expected strings; got {array.dtype} numbers. Convert them: values.astype(str).")
    result = np.empty(array.shape, dtype=object)
    result.ravel()[:] = [_bytes(x, who) for x in array.ravel().tolist()]
    return result


def _bytes(x: Any, who: str) -> bytes:
    if isinstance(x, str):
        return x.encode()
    if isinstance(x, bytes):
        return x
    hint = "Rows must have one length: pad them." if isinstance(x, list) else "Replace it before, by '' for instance."
    raise ValueError(f"{who}: expected strings; got {x!r} (of type {type(x).__name__}) among them. {hint}")


def device_dtype(dtype: Any) -> str:
    """What a dtype is on the device: whole numbers have 32 bits there, unless JAX is told otherwise."""
    return standardize_dtype(jax.dtypes.canonicalize_dtype(dtype))


def on_device(x: np.ndarray, dtype: Any) -> Any:
    """A result of the host as JAX's array."""
    return jax.device_put(x.astype(device_dtype(dtype)))


def by_callback(function: Callable, shape: tuple, dtype: Any, *inputs: Any) -> Any:
    """`function` of NumPy arrays within a compiled program, which waits for the host there."""
    spec = jax.ShapeDtypeStruct(shape, device_dtype(dtype))

    def run(*arrays: Any) -> np.ndarray:
        return function(*map(np.asarray, arrays)).astype(spec.dtype)

    return jax.pure_callback(run, spec, *inputs, vmap_method="sequential")
