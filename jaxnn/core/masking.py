"""Masks travel beside their tensors: a tracer takes no attributes, so a table by identity holds them.

An entry lives as long as its tensor does.
"""

from __future__ import annotations

import warnings
import weakref
from typing import Any

from jaxnn.core import tree

_masks: dict[int, tuple[weakref.ref, Any]] = {}


def set_keras_mask(x: Any, mask: Any) -> None:
    """Hangs a mask on a tensor (None takes it off)."""
    key = id(x)
    if mask is None:
        _masks.pop(key, None)
    else:
        _masks[key] = (weakref.ref(x, lambda _: _masks.pop(key, None)), mask)


def get_keras_mask(x: Any) -> Any:
    """The mask of a tensor, or None."""
    entry = _masks.get(id(x)) if _masks else None
    return entry[1] if entry is not None and entry[0]() is x else None


def pass_mask(layer: Any, inputs: Any, outputs: Any, mask: Any) -> None:
    """Hangs the mask on a layer's outputs that `compute_mask` gives for the mask of its inputs."""
    if not layer.supports_masking:
        if any(m is not None for m in tree.flatten(mask)):
            warnings.warn(
                f"Layer '{layer.name}' (of type {type(layer).__name__}) was passed an input with a mask attached to "
                "it. However, this layer does not support masking and will therefore destroy the mask information. "
                "Downstream layers will not see the mask. Set `self.supports_masking = True` in its constructor if the mask "
                "holds for its outputs.",
                stacklevel=3,
            )
        return
    flat = tree.flatten(outputs)
    if all(get_keras_mask(x) is not None for x in flat):
        return
    output_masks = layer.compute_mask(inputs, mask)
    if output_masks is None:
        return
    for x, m in zip(flat, tree.flatten(output_masks), strict=False):
        if m is not None and get_keras_mask(x) is None:
            set_keras_mask(x, m)
