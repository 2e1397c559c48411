"""Inputs that are finite and fit, but from which little can be learned: all the same, of an odd scale, many times over.

In `fit` a few hundred rows, evenly spread, decide; the rest is only looked at where they raise a suspicion. Of few rows
nothing is said, for what holds of them by chance, or in a test of a script, means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.doctor.arrays import host, named, sample
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.texts import Text

ENOUGH = 100  # samples, fewer of which `fit` says nothing about
ROWS = 256
_FEEL_SCALE = r"Dense|(Separable|Depthwise)?Conv[123]D|LSTM|GRU|SimpleRNN"
_CARRY = r"InputLayer|Identity|Flatten|Reshape|Permute|ZeroPadding[123]D|Dropout"
_LARGE, _LARGE_COLUMN, _SMALL = 30.0, 100.0, 1e-3  # root mean squares where 1 is meant
_MANY, _MANY_THOROUGH = 0.5, 0.05  # shares of duplicates
_TABLE = 30  # columns; wider arrays may be pictures laid flat
_MOST = 200_000  # rows that are compared with one another


def check_inputs_vary(case: Case) -> Iterator[Finding]:
    """Inputs that are the same for every sample."""
    for name, a in _inputs(case):
        few = sample(a, ROWS)
        if (few == few[:1]).all():
            every = host(a)
            if (every == every[:1]).all():
                values = {"name": name, "count": len(every)}
                fact, help_ = Text("constant-input", **values), Text("constant-input/help", name=name)
                yield Finding("constant-input", case.who, fact, help_, "warning")


def check_columns_vary(case: Case) -> Iterator[Finding]:
    """Columns of a table that never change. Pictures have such pixels at their edges, so only if asked, and of tables."""
    for name, a in _inputs(case) if case.given.thorough else ():
        if a.ndim == 2 and 1 < a.shape[1] <= _TABLE and len(a) > 1:
            every = host(a)
            same = np.flatnonzero((every == every[:1]).all(axis=0))
            if 0 < len(same) < a.shape[1]:
                fact = Text("constant-column", name=name, count=len(same), columns=a.shape[1], column=same[0])
                yield Finding("constant-column", case.who, fact, Text("constant-column/help"), "warning")


def check_scale(case: Case) -> Iterator[Finding]:
    """Inputs far from the size 1 that initial weights are made for, where the first layer computes with them."""
    arrays = named("x", case.x)
    first = next(
        (one for one in getattr(case.model, "layers", ()) if not re.fullmatch(_CARRY, type(one).__name__)), None
    )
    if len(arrays) != 1 or first is None or not re.fullmatch(_FEEL_SCALE, type(first).__name__):
        return
    for name, a in _inputs(case):
        few = sample(a, ROWS).astype(np.float32)
        if not np.isfinite(few).all():
            continue
        low, high = few.min(), few.max()
        wide = a.ndim > 2 or a.shape[-1] > 100
        if wide and low >= 0 and 100 < high <= 255 and (few == np.trunc(few)).all():
            fact = Text("unscaled-input/pixels", name=name, low=f"{low:g}", high=f"{high:g}")
            yield Finding("unscaled-input", case.who, fact, Text("unscaled-input/pixels/help"), "warning")
            continue
        size = np.sqrt(np.square(few.reshape(-1, few.shape[-1] if few.ndim > 1 else 1), dtype=np.float64).mean(axis=0))
        typical, column = np.median(size), int(np.argmax(size))
        if typical > _LARGE or 0 < size.max() < _SMALL:
            fact = Text("unscaled-input", name=name, size=f"{typical or size.max():.2g}")
        elif size.max() > _LARGE_COLUMN:
            values = {"size": f"{size.max():.2g}", "typical": f"{typical:.2g}"}
            fact = Text("unscaled-input/column", name=name, column=column, **values)
        else:
            continue
        yield Finding("unscaled-input", case.who, fact, Text("unscaled-input/help"), "warning")


def check_duplicates(case: Case) -> Iterator[Finding]:
    """Rows of fractions that occur more than once. Whole numbers, such as words or yes and no, do so by nature."""
    thorough = case.given.thorough
    for name, a in _inputs(case):
        few = sample(a, _MOST if thorough else ROWS)
        if few.dtype.kind != "f" or len(few) < 2 or (few[:ROWS] == np.trunc(few[:ROWS])).all():
            continue
        kinds: dict[bytes, int] = {}
        for row in np.ascontiguousarray(few):
            key = row.tobytes()
            kinds[key] = kinds.get(key, 0) + 1
        share = sum(n for n in kinds.values() if n > 1) / len(few)
        if len(kinds) > 1 and share > (_MANY_THOROUGH if thorough else _MANY):
            fact = Text("duplicated-input", name=name, share=share)
            yield Finding("duplicated-input", case.who, fact, Text("duplicated-input/help"), "warning")


def _inputs(case: Case) -> list[tuple[str, Any]]:
    """The inputs of numbers whose values can be seen, of enough samples."""
    if case.who != "fit":
        return []
    least = 2 if case.given.thorough else ENOUGH
    return [(n, a) for n, a in named("x", case.x) if a.shape[0] >= least and sample(a, 1) is not None and a.size]
