"""What a built model was declared to take and to give, and whether it takes other shapes as well.

Many models take other sizes than they were built with: an LSTM another length, a convolution another picture. So a
mismatch is only a suspicion, and the model is tried on the shapes, without numbers.
"""

from __future__ import annotations

import warnings
from typing import Any

from jaxnn.core import tree
from jaxnn.core.graph import KerasTensor, compute_output_spec


def declared_inputs(model: Any) -> dict[str, tuple]:
    """The shapes of a built model's inputs by name, in order; empty if it doesn't say."""
    inputs = _tensors(model, "inputs")
    structure = model.input if inputs else None
    names = sorted(structure) if isinstance(structure, dict) else [x.name for x in inputs]
    return dict(zip(names, (x.shape for x in inputs), strict=True))


def declared_outputs(model: Any) -> Any:
    """A built model's outputs as KerasTensors, in a dict if they have keys; None if it doesn't say."""
    outputs = _tensors(model, "outputs")
    return model.output if outputs and isinstance(model.output, dict) else outputs or None


def _tensors(model: Any, attribute: str) -> list:
    found = tree.flatten(getattr(model, attribute, None)) if model.built else []
    return found if all(isinstance(x, KerasTensor) for x in found) else []


def ordered(x: Any, names: list[str]) -> list:
    """The arrays of `x` in the order of the inputs, as far as names tell."""
    if isinstance(x, dict) and set(names) <= set(x):
        return [x[name] for name in names]
    return tree.flatten(x)


def fits(expected: tuple, got: tuple) -> bool:
    """Whether an array of shape `got` may go in where `expected` was declared; a last axis of 1 may come or go."""
    if len(got) == len(expected) + 1 and got[-1] == 1:
        got = got[:-1]
    elif len(got) == len(expected) - 1 and expected[-1] == 1:
        expected = expected[:-1]
    pairs = list(zip(expected, got, strict=False))[1:]
    return len(expected) == len(got) and all(e is None or e == g for e, g in pairs)


def as_declared(model: Any, x: Any) -> bool:
    """Whether `x` has the declared inputs, in the declared shapes."""
    expected = declared_inputs(model)
    given = ordered(x, list(expected))
    named = not isinstance(x, dict) or set(expected) <= set(x)
    return (
        named
        and len(given) == len(expected)
        and all(
            array is None or fits(shape, tuple(array.shape))
            for shape, array in zip(expected.values(), given, strict=True)
        )
    )


def outputs_for(model: Any, x: Any) -> Any:
    """What the model gives for inputs of these shapes, as KerasTensors, or the exception that it raises."""
    x = tree.map_structure(lambda a: None if a is None else KerasTensor(a.shape, a.dtype), x)
    kwargs = {"training": False} if getattr(model, "_call_has_training_arg", False) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compute_output_spec(model, x, **kwargs)
        except Exception as error:  # whatever it is, fit would meet it too
            return error
