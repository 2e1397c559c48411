"""Data for a loop: whatever the user hands in becomes arrays with a batch size, or a stream of batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn.core import check, tree
from jaxnn.training.array_plan import ArrayPlan
from jaxnn.training.arrays import as_array, as_arrays, as_rows, class_weight_to_sample_weights, is_arrays, split
from jaxnn.training.sources import check_beside, source_of
from jaxnn.training.stream_plan import StreamPlan

__all__ = [
    "ArrayPlan",
    "StreamPlan",
    "as_array",
    "as_arrays",
    "as_rows",
    "check_end",
    "class_weight_to_sample_weights",
    "is_arrays",
    "plan",
    "split",
]

_STEPS = {"fit": "steps_per_epoch", "evaluate": "steps", "predict": "steps", "validation_data": "validation_steps"}


def plan(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: Any = False,
    class_weight: dict | None = None,
    inspect: Callable[[tuple], None] | None = None,
    who: str = "fit",
) -> ArrayPlan | StreamPlan:
    """Decides how data is fed.

    Args:
        x, y, sample_weight: arrays or structures of them; or `x` alone, an iterable of batches.
        batch_size: 32 where neither it nor `steps` says.
        steps: batches an epoch.
        shuffle: True, False or "batch".
        class_weight: a weight for each class.
        inspect: called with the converted arrays before they go to the device: the checks of bad input.
        who: whom the data is for: "fit", "evaluate", "predict" or "validation_data".

    Raises:
        ValueError: for lengths that differ, no data, or weights given twice.
    """
    if batch_size is not None:
        batch_size = check.positive_int(who, "batch_size", batch_size)
    if steps is not None:
        steps = check.positive_int(who, _STEPS.get(who, "steps"), steps)
    if not is_arrays((x, y, sample_weight)):
        return _stream(x, y, sample_weight, steps, shuffle, class_weight, who)
    arrays = (as_rows(x), as_rows(y), as_rows(sample_weight))
    arrays = (*arrays[:2], _sample_weights(arrays[1], arrays[2], class_weight))
    if inspect is not None:
        inspect(arrays)
    return ArrayPlan(arrays, batch_size, steps, shuffle)


def _sample_weights(y: Any, weights: Any, class_weight: dict | None) -> Any:
    if class_weight is not None:
        if weights is not None:
            raise ValueError("You cannot use `class_weight` and `sample_weight` at the same time.")
        if tree.is_nested(y):
            raise ValueError("`class_weight` is only supported for Models with a single output.")
        return class_weight_to_sample_weights(y, class_weight)
    if weights is not None and tree.is_nested(y) and not tree.is_nested(weights):
        return tree.map_structure(lambda _: weights, y)
    return weights


def _stream(
    x: Any, y: Any, sample_weight: Any, steps: int | None, shuffle: Any, class_weight: Any, who: str
) -> StreamPlan:
    source = source_of(x)
    check_beside(source, y, sample_weight, class_weight)
    return StreamPlan(source, steps, shuffle, class_weight, who)


def check_end(plan: ArrayPlan | StreamPlan | None, watched: bool) -> None:
    """Refuses data that certainly never ends, where nobody says how many batches to take.

    Args:
        plan: of the data.
        watched: whether a callback hears of each batch, and so may stop.

    Raises:
        ValueError: since training would, too, never end.
    """
    if isinstance(plan, StreamPlan) and plan.steps_per_epoch is None and not watched and (why := plan.source.endless()):
        name = _STEPS[plan.who]
        plan.close()
        raise ValueError(
            f"{plan.who}: `{name}` must say how many batches to take from data that never ends; got {why}. "
            f"Pass {name}=..., or data with an end."
        )
