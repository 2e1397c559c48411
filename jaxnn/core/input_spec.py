"""InputSpec: what a layer expects of its inputs, checked before it computes.

Source: https://keras.io/api/layers/base_layer/ (`keras.InputSpec`).
"""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry, tree
from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.graph import standardize_shape


@registry.export("", also=("keras.layers.InputSpec",))
class InputSpec:
    """The rank, shape, dtype or single axes that an input must have. Whatever is None is free.

    Args:
        dtype: a dtype name.
        shape: a tuple with None for free dimensions.
        ndim, max_ndim, min_ndim: the number of dimensions.
        axes: dict from axis to its size.
        allow_last_axis_squeeze: whether a last axis of 1 may be missing or there too much.
        name: the input's name, for messages and for inputs given as a dict.
        optional: whether None may be passed.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ):
        self.dtype = None if dtype is None else standardize_dtype(dtype)
        self.shape = None if shape is None else standardize_shape(shape)
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.name, self.optional, self.allow_last_axis_squeeze = name, optional, allow_last_axis_squeeze
        try:
            self.axes = {int(k): v for k, v in (axes or {}).items()}
        except (ValueError, TypeError, AttributeError):
            raise TypeError(f"Argument `axes` must be a dict with integer keys. Received: axes={axes}") from None
        rank = self.ndim or self.max_ndim
        if self.axes and rank and max(self.axes) > rank - 1:
            raise ValueError(f"Axis {max(self.axes)} is greater than the maximum allowed value: {rank - 1}")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal spec."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """The spec of a config."""
        return cls(**config)

    def __repr__(self) -> str:
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return f"InputSpec({', '.join(f'{n}={getattr(self, n)}' for n in names if getattr(self, n))})"


def assert_input_compatibility(spec: Any, inputs: Any, layer_name: str) -> None:
    """Raises a ValueError that says which input of which layer doesn't fit, what was expected and what came."""
    if not spec:
        return
    specs = tree.flatten(spec)
    flat = tree.flatten(_by_name(specs, inputs))
    if len(flat) != len(specs):
        names = [s.name for s in specs if s is not None and s.name]
        expected = f"{len(specs)} input(s)"
        if len(names) == len(specs):
            expected = f"{len(specs)} named input(s) with keys {names}"
        raise ValueError(
            f'Layer "{layer_name}" expects {expected}, but it received {len(flat)} input tensors. '
            f"Inputs received: {inputs}"
        )
    for index, (x, one) in enumerate(zip(flat, specs, strict=True)):
        if one is None or (x is None and one.optional):
            continue
        if x is None and one.name:
            raise ValueError(
                f"The input '{one.name}' of layer '{layer_name}' is not optional, but None was passed. Pass a tensor, or "
                "declare it Input(..., optional=True)."
            )
        if not hasattr(x, "shape"):
            raise ValueError(
                f"Inputs to a layer should be tensors. Got '{x}' (of type {type(x)}) as input for layer '{layer_name}'."
            )
        problem = _problem(one, tuple(x.shape), x.dtype)
        if problem:
            raise ValueError(
                f"Input {index} with name '{one.name}' of layer '{layer_name}' is incompatible with the layer: {problem}"
            )


def _by_name(specs: list, inputs: Any) -> Any:
    """Inputs given as a dict, in the order of the specs' names."""
    names = [s.name for s in specs if s is not None]
    if not isinstance(inputs, dict) or not all(names) or len(names) != len(specs):
        return inputs
    for name in names:
        if name not in inputs:
            raise ValueError(
                f'Missing data for input "{name}". You passed a data dictionary with keys {list(inputs)}. '
                f"Expected the following keys: {names}"
            )
    return [inputs[name] for name in names]


def _problem(spec: InputSpec, shape: tuple, dtype: Any) -> str | None:
    ndim = len(shape)
    if spec.ndim is not None and not spec.allow_last_axis_squeeze and ndim != spec.ndim:
        return f"expected ndim={spec.ndim}, found ndim={ndim}. Full shape received: {shape}"
    if spec.max_ndim is not None and ndim > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={ndim}"
    if spec.min_ndim is not None and ndim < spec.min_ndim:
        return f"expected min_ndim={spec.min_ndim}, found ndim={ndim}. Full shape received: {shape}"
    if spec.dtype is not None and standardize_dtype(dtype) != spec.dtype:
        return f"expected dtype={spec.dtype}, found dtype={standardize_dtype(dtype)}"
    for axis, size in spec.axes.items():
        if size is not None and shape[axis] not in (size, None):
            return f"expected axis {axis} of input shape to have value {size}, but received input with shape {shape}"
    if spec.shape is not None:
        expected, found = spec.shape, shape
        if spec.allow_last_axis_squeeze:
            expected, found = (s[:-1] if s and s[-1] == 1 else s for s in (expected, found))
        if any(a is not None and b is not None and a != b for a, b in zip(expected, found, strict=False)):
            return f"expected shape={spec.shape}, found shape={shape}"
    return None
