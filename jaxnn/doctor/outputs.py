"""What each layer of a model puts out for a batch, and which layers are born meanwhile."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import tree
from jaxnn.core.layer import Layer
from jaxnn.core.scope import StatelessScope


class Output(NamedTuple):
    """One layer's output: the layer, and the values."""

    layer: Any
    values: np.ndarray


def run(model: Any, x: Any, training: bool = True) -> tuple[Any, list[Output]]:
    """A forward pass, layer by layer, without a trace left in any variable.

    Args:
        model: a copy: its layers are watched.
        x: inputs of one batch.
        training: whether as in training.

    Returns:
        The model's outputs, and the layers' in the order of their calls. Those inside other layers, and of layers that are
        called in loops of JAX's, are left out.
    """
    seen: list[Output] = []
    layers = list(parts(model))
    for layer in layers:
        object.__setattr__(layer, "call", _watched(layer, layer.call, seen))
    try:
        kwargs = {"training": training} if model._call_has_training_arg else {}
        with StatelessScope():
            y_pred = model(tree.map_structure(jnp.asarray, x), **kwargs)
    finally:
        for layer in layers:
            object.__delattr__(layer, "call")
    return y_pred, seen


def parts(model: Any) -> Iterator[Any]:
    """The layers of a model and of the models inside it, without the insides of layers."""
    for layer in getattr(model, "layers", ()):  # a Trainer need not be a Model
        if hasattr(layer, "train_step"):
            yield from parts(layer)
        else:
            yield layer


def _watched(layer: Any, call: Callable, seen: list[Output]) -> Callable:
    @functools.wraps(call)
    def watched(*args: Any, **kwargs: Any) -> Any:
        outputs = call(*args, **kwargs)
        values = next(iter(tree.flatten(outputs)), None)
        if isinstance(values, jax.Array) and not isinstance(values, jax.core.Tracer):
            seen.append(Output(layer, np.asarray(values.astype("float32"))))
        return outputs

    return watched


@contextmanager
def births(born: list[Any]) -> Iterator[None]:
    """Collects the layers that code which isn't ours makes in a block."""
    before = sys.getprofile()

    def profile(frame: Any, event: str, _: Any) -> None:
        if event != "call" or frame.f_code is not _BIRTH:
            return
        layer = frame.f_locals["self"]
        maker = frame.f_back
        while maker is not None and maker.f_locals.get("self") is layer:
            maker = maker.f_back
        if maker is not None and maker.f_globals.get("__name__", "").partition(".")[0] != "jaxnn":
            born.append(layer)

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


_BIRTH = Layer.__init__.__code__
