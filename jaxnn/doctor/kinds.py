"""Kinds of values: a network computes with numbers; text, dates and Python objects must be encoded first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.texts import Text


def check_numbers(case: Case) -> Iterator[Finding]:
    """Arrays of strings, dates, records or Python objects."""
    for name, array in case.arrays:
        dtype = array.dtype
        if isinstance(array, np.ndarray) and (dtype.kind in "OSUMm" or dtype.names):
            column, value = _first_odd(array)
            what = _diagnosis(value, dtype)
            values = {"name": name, "what": what, "dtype": dtype}
            fact = Text("not-numbers", **values)
            if column is not None:
                fact = Text("not-numbers/column", column=column, **values)
            yield Finding("not-numbers", case.who, fact, Text(f"{what.key}/help"))


def _first_odd(array: np.ndarray) -> tuple[int | None, Any]:
    """The column and value of the first entry that is no number; without a column where there is only one."""
    for i, value in enumerate(array.flat):
        if not isinstance(value, int | float | np.number | np.bool_):
            return (i % array.shape[-1] if array.ndim > 1 and array.shape[-1] > 1 else None), value
    return None, next(array.flat, None)


def _diagnosis(value: Any, dtype: np.dtype) -> Text:
    """What an entry is; the same key with `/help` says what to do about it."""
    if dtype.names:
        return Text("not-numbers/records", fields=", ".join(dtype.names))
    if isinstance(value, str | bytes):
        try:
            float(value)
        except ValueError:
            return Text("not-numbers/text", value=_short(value))
        return Text("not-numbers/digits", value=_short(value))
    if dtype.kind in "Mm":
        return Text("not-numbers/dates", value=value)
    if value is None:
        return Text("not-numbers/none")
    if isinstance(value, int | float | np.number | np.bool_):
        return Text("not-numbers/objects")
    if isinstance(value, list | tuple | np.ndarray):
        return Text("not-numbers/ragged")
    return Text("not-numbers/other", type=type(value).__name__)


def _short(value: Any) -> str:
    text = repr(value.decode(errors="replace") if isinstance(value, bytes) else str(value))
    return text if len(text) <= 40 else f"{text[:37]}...'"
