"""What is wrong with this call: one clear sentence before step 1.

A check is a function of a `Case` (one call's arrays and the model they are for) that yields a `Finding` for each mistake:
a code, a message of one sentence of fact and one of help, and a severity. "error" is for what is certainly worthless,
"warning" for what Keras trains on and someone may mean; a warning is said once a model. To add a check, write it into
the file of its theme and name it in one of the tuples below, which are in order: a check may rely on those before it.

Checks look at arrays as `fit` will use them, once each, and never run the model on numbers. Arrays on an accelerator
are looked at only if they are small.
"""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from jaxnn.core.check import name_of
from jaxnn.doctor.arrays import named
from jaxnn.doctor.balance import (
    check_balance,
    check_class_weights,
    check_split,
    check_sums_to_one,
    check_targets_vary,
    check_weights_positive,
)
from jaxnn.doctor.case import NOTHING, Case, Given
from jaxnn.doctor.finding import Finding, report
from jaxnn.doctor.finite import check_inputs_finite, check_targets_finite, check_weights_finite
from jaxnn.doctor.ignoring import ignore, is_ignored
from jaxnn.doctor.kinds import check_numbers
from jaxnn.doctor.labels import check_binary_labels, check_class_labels
from jaxnn.doctor.names import check_loss_names, check_metric_names
from jaxnn.doctor.pairing import check_accuracy, check_logits, check_lonely_softmax, check_reach, check_sigmoids
from jaxnn.doctor.parts import check_adapted, check_batch_of_one
from jaxnn.doctor.quality import check_columns_vary, check_duplicates, check_inputs_vary, check_scale
from jaxnn.doctor.samples import check_lengths, check_not_empty, check_present, check_targets_given
from jaxnn.doctor.shapes import check_input_shapes
from jaxnn.doctor.targets import check_binary_targets, check_broadcast, check_integer_labels, check_one_hot

if TYPE_CHECKING:
    from jaxnn.doctor.dynamics import DYNAMIC_CHECKS, collect_dynamics
    from jaxnn.doctor.history import read_history
    from jaxnn.doctor.reports import Report
    from jaxnn.doctor.stop import StopOnNonFinite
    from jaxnn.doctor.trial import Trial

DATA_CHECKS = (
    check_present, check_not_empty, check_numbers, check_lengths, check_input_shapes, check_targets_given,
    check_inputs_finite, check_targets_finite, check_weights_finite,
    check_inputs_vary, check_columns_vary, check_scale, check_duplicates, check_weights_positive,
)  # fmt: skip
TARGET_CHECKS = (
    check_integer_labels, check_one_hot, check_binary_targets, check_broadcast, check_class_labels, check_binary_labels,
    check_targets_vary, check_balance, check_class_weights, check_sums_to_one, check_split,
    check_logits, check_sigmoids, check_lonely_softmax, check_reach, check_accuracy, check_adapted, check_batch_of_one,
)  # fmt: skip

_waiting: weakref.WeakKeyDictionary[Any, list[tuple]] = weakref.WeakKeyDictionary()  # until the outputs are known


def check_names(loss: Any, metrics: Any, weighted_metrics: Any) -> None:
    """Looks at the names that `compile` was given.

    Raises:
        ValueError: for an unknown one, with the nearest known one.
    """
    report(None, check_loss_names(loss))
    report(None, check_metric_names([metrics, weighted_metrics]))


def check_data(model: Any, who: str, arrays: tuple, given: Given = NOTHING) -> None:
    """Looks at the arrays of one call before it uses them.

    Args:
        model: the model, compiled where `who` trains or evaluates.
        who: "fit", "validation_data", "evaluate", "predict", "train_on_batch" or "test_on_batch".
        arrays: `(x, y, sample_weight)`: arrays, structures of them, or None.
        given: what else `fit` was given.

    Raises:
        ValueError: for data that can't be used, or that certainly gives a worthless result.
    """
    x, y, sample_weight = arrays
    case = Case(who, model, x, y, sample_weight, given=given)
    for check in DATA_CHECKS:
        report(model, check(case))
    if case.outputs is not None:
        _check_against_outputs(case)
    elif who != "predict" and not getattr(getattr(model, "_compile_loss", None), "built", True):
        before = _waiting.get(model, []) if who == "validation_data" else []  # else what waits is of a call that failed
        _waiting[model] = [*before, (given, who, *arrays)]


def check_targets(model: Any, y: Any, y_pred: Any) -> None:
    """Looks at targets when the model has just been built and its outputs are known.

    Args:
        model: the model.
        y: targets of the first batch, as a structure of anything with a shape.
        y_pred: the outputs for it, likewise.

    Raises:
        ValueError: for targets that can't be compared with the outputs, or not sensibly.
    """
    waiting = _waiting.pop(model, None) or [(NOTHING, name_of(model), None, y, None)]
    for given, who, x, targets, weight in waiting:
        if _sizes(x) == _sizes(waiting[0][2]):  # validation data of other sizes has other outputs
            _check_against_outputs(Case(who, model, x, targets, weight, outputs=y_pred, given=given))


def collect(case: Case, checks: Iterable[Callable]) -> list[Finding]:
    """What checks find, up to the first error, for later checks may rely on those before."""
    found: list[Finding] = []
    for check in checks:
        for finding in check(case):
            if not is_ignored(finding.code):
                found.append(finding)
                if finding.severity == "error":
                    return found
    return found


_ON_DEMAND = {  # `import jaxnn` does without what only `model.doctor` and callbacks need
    "DYNAMIC_CHECKS": "dynamics",
    "collect_dynamics": "dynamics",
    "read_history": "history",
    "Report": "reports",
    "StopOnNonFinite": "stop",
    "Trial": "trial",
}


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module 'jaxnn.doctor' has no attribute {name!r}")
    return getattr(importlib.import_module(f"jaxnn.doctor.{_ON_DEMAND[name]}"), name)


def _sizes(x: Any) -> list[tuple]:
    return [tuple(array.shape[1:]) for _, array in named("x", x)]


def _check_against_outputs(case: Case) -> None:
    if case.who != "predict" and case.standard:
        for check in TARGET_CHECKS:
            report(case.model, check(case))


__all__ = [
    "DATA_CHECKS",
    "DYNAMIC_CHECKS",
    "NOTHING",
    "TARGET_CHECKS",
    "Case",
    "Finding",
    "Given",
    "Report",
    "StopOnNonFinite",
    "Trial",
    "check_data",
    "check_names",
    "check_targets",
    "collect",
    "collect_dynamics",
    "ignore",
    "read_history",
    "report",
]
