"""Samples: there must be some, equally many everywhere, and targets where the loss needs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jaxnn import losses
from jaxnn.core import tree
from jaxnn.doctor.arrays import named
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.texts import Text

_SHOWN = 4  # arrays whose sizes a message lists


def check_present(case: Case) -> Iterator[Finding]:
    """No data at all, or a single number where an array of samples belongs."""
    if not named("x", case.x) and (case.standard or not named("y", case.y)):
        yield Finding("no-data", case.who, Text("no-data"), Text("no-data/help"))
    for name, array in case.arrays:
        if len(array.shape) == 0:
            yield Finding("no-samples-axis", case.who, Text("no-samples-axis", name=name), Text("no-samples-axis/help"))


def check_lengths(case: Case) -> Iterator[Finding]:
    """Arrays with different numbers of samples."""
    sizes = [(name, array.shape[0]) for name, array in case.arrays]
    if len({size for _, size in sizes}) <= 1:
        return
    told: Any = ", ".join(f"'{name}' sizes: {size}" for name, size in sizes[:_SHOWN])
    if len(sizes) > _SHOWN:
        told = Text("lengths-differ/more", sizes=told, more=len(sizes) - _SHOWN)
    help_ = Text("lengths-differ/help")
    if isinstance(case.x, list | tuple) and len(case.x) == dict(sizes).get("y"):
        help_ = Text("lengths-differ/rows", count=len(case.x))
    yield Finding("lengths-differ", case.who, Text("lengths-differ", sizes=told), help_)


def check_not_empty(case: Case) -> Iterator[Finding]:
    """Arrays without samples."""
    for name, array in case.arrays:
        if array.shape[0] == 0:
            fact = Text("no-samples", name=name, shape=tuple(array.shape))
            yield Finding("no-samples", case.who, fact, Text("no-samples/help"))


def check_targets_given(case: Case) -> Iterator[Finding]:
    """No `y`, although the model was compiled with a loss that compares outputs with targets."""
    loss = getattr(case.model, "loss", None)
    if case.who == "predict" or named("y", case.y) or not case.standard:
        return
    each = [one for one in tree.flatten(loss) if one is not None]
    if each and all(map(_compares, each)):
        told = f"'{loss}'" if isinstance(loss, str) else Text("no-targets/a-loss")
        yield Finding("no-targets", case.who, Text("no-targets", loss=told), Text("no-targets/help"))


def _compares(loss: object) -> bool:
    """Whether a loss is called by our code, which needs targets; a Loss may have a `__call__` of its own."""
    return not isinstance(loss, losses.Loss) or type(loss).__call__ is losses.Loss.__call__
