"""`model.doctor`: the doctor's checks on a copy of the model, those that run it too.

The model itself, its optimizer and the random streams that it draws from stay as they are, so that a `fit` afterwards gives
the numbers that it would have given.
"""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from jaxnn import doctor
from jaxnn.core import check, naming, tree
from jaxnn.core.graph import KerasTensor, compute_output_spec
from jaxnn.training import columns, data

_BATCH = 32


def checkup(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: dict | None = None,
    batch_size: int | None = None,
    validation_split: float = 0.0,
) -> doctor.Report:
    """See `Trainer.doctor`."""
    if not data.is_arrays((x, y, sample_weight)):
        raise ValueError(
            f"doctor: takes arrays, as `fit` does; got {type(x).__name__}. Take a batch or more of it: x, y = next(iter(data))."
        )
    with _streams_kept(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is found is in the report
        patient = _copy(model)
        arrays = tuple(data.as_rows(a) for a in (columns.by_name(patient, x), y, sample_weight))
        held_out = None
        if validation_split:
            arrays, held = data.split(arrays, validation_split)
            held_out = held[1]
        if class_weight is not None and sample_weight is None:
            arrays = (*arrays[:2], data.class_weight_to_sample_weights(arrays[1], class_weight))
        given = doctor.Given(batch_size or _BATCH, class_weight, validation_split, held_out, thorough=True)
        inputs, targets, weights = arrays
        case = doctor.Case("fit", patient, inputs, targets, weights, given=given)
        found = doctor.collect(case, doctor.DATA_CHECKS)
        if _sound(found):
            outputs = _outputs(patient, inputs)
            case = doctor.Case("fit", patient, inputs, targets, weights, outputs, given)
            if case.standard:
                found += doctor.collect(case, doctor.TARGET_CHECKS)
        if _sound(found) and case.standard and patient.optimizer is not None:
            patient.build_for(*[tree.map_structure(lambda a: None if a is None else a[:_BATCH], one) for one in arrays])
            patient.reset_metrics()  # a loss that was NaN would stay so
            found += doctor.collect_dynamics(case, doctor.Trial(patient, arrays, batch_size or _BATCH))
    history = getattr(model, "history", None)
    if history is not None:
        readable = _sound(found) and case.standard
        found += doctor.read_history(history, None, *(arrays if readable else ())).findings
    return doctor.Report(found)


def _sound(found: list) -> bool:
    return all(one.severity != "error" for one in found)


def _copy(model: Any) -> Any:
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise ValueError(
            f"doctor: {check.name_of(model)} can't be copied ({error}), and the doctor works on a copy. Keep what can't be "
            "copied, such as open files and locks, out of its attributes."
        ) from error


def _outputs(model: Any, x: Any) -> Any:
    """The outputs for a batch as anything with a shape; builds the model."""
    symbols = tree.map_structure(lambda a: KerasTensor((None, *a.shape[1:]), dtype=str(a.dtype)), x)
    kwargs = {"training": False} if model._call_has_training_arg else {}
    return compute_output_spec(model, symbols, **kwargs)


@contextmanager
def _streams_kept() -> Iterator[None]:
    """Puts the host's random streams, from which seeds and shuffles are drawn, and automatic names back."""
    python, numpy, names = random.getstate(), np.random.get_state(), naming.counts()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        naming.restore(names)
