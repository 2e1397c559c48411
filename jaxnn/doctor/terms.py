"""Which loss compares which targets with which output, and which of our functions it is."""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxnn import losses
from jaxnn.core import registry, tree
from jaxnn.doctor.arrays import named


class Term(NamedTuple):
    """One loss with its targets.

    Attributes:
        loss: the name of our function that computes it; None for one of the user's own.
        options: the function's further arguments.
        name: how the user reaches the targets: `y`, `y['age']`.
        y: the targets.
        shape: the output's, with None for unknown sizes; None if not known at all.
        weight: the sample weights, or None.
        place: which of the outputs, counted from 0.
        label: the output's name, if it has one that users may use.
    """

    loss: str | None
    options: dict[str, Any]
    name: str
    y: Any
    shape: Any
    weight: Any
    place: int = 0
    label: Any = None


def match(loss: Any, y: Any, weight: Any, outputs: Any, output_names: list[str] | None) -> list[Term]:
    """One term for each output that has a loss and targets; none where it is unclear which belong together."""
    targets = named("y", y)
    names = {id(leaf): name for name, leaf in targets}
    shapes = None if outputs is None else [getattr(output, "shape", None) for output in tree.flatten(outputs)]
    count = len(targets) if shapes is None else len(shapes)
    labels = output_names if output_names and len(output_names) == count else None
    if isinstance(outputs, dict):
        labels = [path[0] for path, _ in tree.flatten_with_path(outputs)]
    columns: Any = (
        _spread(loss, labels, count),
        _spread(y, labels, count, shared=count == 1),
        _spread(weight, labels, count),
    )
    if any(column is None for column in columns):
        return []
    return [
        Term(*known_loss(one), names[id(target)], target, shape, w, i, labels and labels[i])
        for i, (one, target, w, shape) in enumerate(zip(*columns, shapes or [None] * count, strict=True))
        if one is not None and target is not None
    ]


def known_loss(loss: Any) -> tuple[str | None, dict[str, Any]]:
    """The name of our function behind a loss, and its arguments; `(None, {})` for one of the user's own."""
    if isinstance(loss, str):
        try:
            loss = losses.get(loss)
        except (ValueError, TypeError):
            return None, {}
    elif isinstance(loss, type) and registry.api_name(loss):
        loss = loss()
    options: dict[str, Any] = {}
    if isinstance(loss, losses.LossFunctionWrapper) and registry.api_name(type(loss)):  # no subclass of the user's
        loss, options = loss.fn, loss._fn_kwargs
    api = registry.api_name(loss) or ""
    return (loss.__name__ if api.startswith("keras.losses.") else None), options


def _spread(value: Any, labels: list[str] | None, count: int, shared: bool = True) -> list | None:
    """A value for each output, or None if it is unclear which is whose. `shared`: one value may serve them all."""
    if not tree.is_nested(value):
        return [value] * count if shared or value is None else None
    if isinstance(value, dict):
        if not labels or not set(value) <= set(labels):
            return None
        value = [value.get(label) for label in labels]
    each = [one[0] if isinstance(one, list | tuple) and len(one) == 1 else one for one in value]
    return None if len(each) != count or any(map(tree.is_nested, each)) else each
