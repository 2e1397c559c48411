"""A training that is over, read as D3's recipe has it: training performance first, validation performance second.

Each symptom has its own cures. Dropout and penalties are for a network that is good on its training data and bad on others;
on one that is bad on its training data they do harm.

Source: Hung-yi Lee, "Recipe of Deep Learning" (Machine Learning, 2016).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jaxnn.core import tree
from jaxnn.doctor.baselines import Baseline, baselines
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.ignoring import is_ignored
from jaxnn.doctor.reports import Report
from jaxnn.doctor.texts import Text

WHO = "history"
_EPOCHS = 5  # fewer tell nothing
_RISEN = 1.1  # times the lowest validation loss
_FLAT = 0.05  # of the first loss: hardly fallen
_NO_BETTER = 0.01  # of a baseline that nobody gave: where little can be known, a sound network gains little
_WORSE_THAN_LAST = 1.05  # times the last value's loss: of a random walk nothing can be better
_GAP = 0.1  # of accuracy
_FALLING = 0.01  # an epoch
_BLOWN = 2.0  # times the first loss


def read_history(
    history: Any, baseline: float | None = None, x: Any = None, y: Any = None, sample_weight: Any = None
) -> Report:
    """What a History tells, and what to try first.

    Args:
        history: what `fit` returned, its `history`, or any dict of lists with "loss" and perhaps "val_loss", "accuracy" and
            "val_accuracy".
        baseline: the loss of the best answer that is the same for every sample (for mse the variance of the targets, for
            K classes at most ln K), if you know it.
        x, y, sample_weight: the arrays that `fit` was given. From them and the model of what `fit` returned the baselines are worked
            out: the best constant answer, the commonest class, and the target of the row before, where it is among the inputs.

    Returns:
        A Report with at most one finding of overfitting, underfitting, a loss that still falls, and one that has blown up.

    Example:
        >>> read_history({"loss": [1, 0.5, 0.3, 0.2, 0.1], "val_loss": [1, 0.8, 0.9, 1.1, 1.4]}).codes
        ['J501']
    """
    record, model = getattr(history, "history", history), getattr(history, "model", None)
    found: list[Baseline] = []
    if baseline is None and y is not None and model is not None:
        found = list(baselines(Case("fit", model, x, tree.map_structure(np.asarray, y), sample_weight)))
    return Report([one for one in _findings(record, baseline, found) if not is_ignored(one.code)])


def _findings(record: dict, baseline: float | None, found: list[Baseline]) -> Iterator[Finding]:
    loss = _numbers(record.get("loss", ()))
    if not loss:
        return
    bad = next((i for i, value in enumerate(loss) if not math.isfinite(value)), None)
    if bad is not None or (len(loss) >= _EPOCHS and loss[-1] > _BLOWN * loss[0]):
        epoch = len(loss) - 1 if bad is None else bad
        best = min((value for value in loss if math.isfinite(value)), default=None)
        fact = Text("diverged/at-once", last=_n(loss[epoch]), epoch=epoch + 1)
        if best is not None:
            fact = Text("diverged", last=_n(loss[epoch]), epoch=epoch + 1, best=_n(best))
        yield Finding("diverged", WHO, fact, Text("diverged/help"), "warning")
    elif len(loss) >= _EPOCHS:
        under = _no_better(record, loss, found) or _underfitting(loss, baseline)
        if under:
            yield Finding("underfitting", WHO, under, Text("underfitting/help"), "warning")
        else:
            yield from _on_validation(record, loss)


def _underfitting(loss: list[float], baseline: float | None) -> Text | None:
    """The first look: is the network good on its own training data?"""
    if baseline is not None:
        if loss[-1] < (1 - _FLAT) * baseline:
            return None
        return Text("underfitting/baseline", last=_n(loss[-1]), baseline=_n(baseline))
    if loss[0] > 0 and loss[-1] > (1 - _FLAT) * loss[0]:
        return Text("underfitting", first=_n(loss[0]), last=_n(loss[-1]), epochs=len(loss))
    return None


def _no_better(record: dict, loss: list[float], found: list[Baseline]) -> Text | None:
    """Answers without a network that do as well as this one."""
    values, accuracy = dict(found), _last(record, "accuracy", "acc")
    constant, last, share = (values.get(kind) for kind in ("constant", "last-value", "majority"))
    if constant is not None and loss[-1] > (1 - _NO_BETTER) * constant:
        return Text("underfitting/baseline", last=_n(loss[-1]), baseline=_n(constant))
    if last is not None and loss[-1] > _WORSE_THAN_LAST * last:
        return Text("underfitting/last-value", last=_n(loss[-1]), baseline=_n(last))
    if share is not None and accuracy is not None and accuracy < share - _NO_BETTER:
        return Text("underfitting/majority", last=f"{accuracy:.0%}", share=f"{share:.0%}")
    return None


def _on_validation(record: dict, loss: list[float]) -> Iterator[Finding]:
    """The second look: is it as good on data that it hasn't seen?"""
    val = _numbers(record.get("val_loss", ()))
    accuracy, val_accuracy = (_last(record, f"{prefix}accuracy", f"{prefix}acc") for prefix in ("", "val_"))
    best = int(np.nanargmin(val)) if len(val) == len(loss) and np.isfinite(val).any() else len(loss) - 1
    falls_on = best < len(loss) - 1 and loss[-1] < loss[best]
    if falls_on and val[-1] > _RISEN * val[best]:
        values = {"epoch": best + 1, "best": _n(val[best]), "last": _n(val[-1]), "train": _n(loss[-1])}
        yield Finding("overfitting", WHO, Text("overfitting", **values), Text("overfitting/help"), "warning")
    elif accuracy is not None and val_accuracy is not None and accuracy - val_accuracy > _GAP:
        values = {"train": f"{accuracy:.0%}", "validation": f"{val_accuracy:.0%}"}
        yield Finding("overfitting", WHO, Text("overfitting/gap", **values), Text("overfitting/help"), "warning")
    else:
        name, judged = ("val_loss", val) if val else ("loss", loss)
        pace = _pace(judged)
        if pace > _FALLING:
            fact = Text("still-improving", what=name, share=pace)
            yield Finding("still-improving", WHO, fact, Text("still-improving/help"), "warning")


def _pace(values: list[float]) -> float:
    """The share by which a loss falls an epoch, over the last fifth."""
    count = max(3, len(values) // 5)
    a, b = values[-count], values[-1]
    lowest = b <= min(values)
    return 1 - (b / a) ** (1 / (count - 1)) if lowest and a > 0 and b > 0 else 0.0


def _numbers(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]


def _last(record: dict, *names: str) -> float | None:
    found = [record[name] for name in names if name in record and len(record[name])]
    return float(found[0][-1]) if found else None


def _n(value: float) -> str:
    return f"{value:.4g}"
