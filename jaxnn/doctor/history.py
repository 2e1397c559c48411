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

from jaxnn.doctor.finding import Finding
from jaxnn.doctor.ignoring import is_ignored
from jaxnn.doctor.reports import Report
from jaxnn.doctor.texts import Text

WHO = "history"
_EPOCHS = 5  # fewer tell nothing
_RISEN = 1.1  # times the lowest validation loss
_FLAT = 0.05  # of the first loss: hardly fallen
_GAP = 0.1  # of accuracy
_FALLING = 0.01  # an epoch
_BLOWN = 2.0  # times the first loss


def read_history(history: Any, baseline: float | None = None) -> Report:
    """What a History tells, and what to try first.

    Args:
        history: what `fit` returned, its `history`, or any dict of lists with "loss" and perhaps "val_loss", "accuracy" and
            "val_accuracy".
        baseline: the loss of the best answer that is the same for every sample (for mse the variance of the targets, for
            K classes at most ln K), if you know it.

    Returns:
        A Report with at most one finding of overfitting, underfitting, a loss that still falls, and one that has blown up.

    Example:
        >>> read_history({"loss": [1, 0.5, 0.3, 0.2, 0.1], "val_loss": [1, 0.8, 0.9, 1.1, 1.4]}).codes
        ['J501']
    """
    record = getattr(history, "history", history)
    found = [one for one in _findings(record, baseline) if not is_ignored(one.code)]
    return Report(found)


def _findings(record: dict, baseline: float | None) -> Iterator[Finding]:
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
        under = _underfitting(loss, baseline)
        yield from [under] if under else _on_validation(record, loss)


def _underfitting(loss: list[float], baseline: float | None) -> Finding | None:
    """The first look: is the network good on its own training data?"""
    if baseline is not None:
        if loss[-1] < (1 - _FLAT) * baseline:
            return None
        fact = Text("underfitting/baseline", last=_n(loss[-1]), baseline=_n(baseline))
    elif loss[0] > 0 and loss[-1] > (1 - _FLAT) * loss[0]:
        fact = Text("underfitting", first=_n(loss[0]), last=_n(loss[-1]), epochs=len(loss))
    else:
        return None
    return Finding("underfitting", WHO, fact, Text("underfitting/help"), "warning")


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
