"""Kinds of values: a network computes with numbers; text, dates and Python objects must be encoded first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding


def check_numbers(case: Case) -> Iterator[Finding]:
    """Arrays of strings, dates, records or Python objects."""
    for name, array in case.arrays:
        dtype = array.dtype
        if isinstance(array, np.ndarray) and (dtype.kind in "OSUMm" or dtype.names):
            column, value = _first_odd(array)
            what, help_ = _diagnosis(value, dtype)
            where = "it" if column is None else f"column {column}"
            yield Finding(
                "not-numbers",
                f"{case.who}: `{name}` must hold numbers; {where} has {what} (Invalid dtype: {dtype}). {help_}",
            )


def _first_odd(array: np.ndarray) -> tuple[int | None, Any]:
    """The column and value of the first entry that is no number; without a column where there is only one."""
    for i, value in enumerate(array.flat):
        if not isinstance(value, int | float | np.number | np.bool_):
            return (i % array.shape[-1] if array.ndim > 1 and array.shape[-1] > 1 else None), value
    return None, next(array.flat, None)


def _diagnosis(value: Any, dtype: np.dtype) -> tuple[str, str]:
    """What an entry is, and what to do about it."""
    if dtype.names:
        return (
            f"records of {', '.join(dtype.names)}",
            "Stack the fields as columns: np.column_stack([x[name] for name in x.dtype.names]).",
        )
    if isinstance(value, str | bytes):
        try:
            float(value)
        except ValueError:
            return (
                f"text such as {_short(value)}",
                "Turn words into numbers first: pandas.get_dummies, or np.unique(values, return_inverse=True)[1].",
            )
        return f"numbers written as text such as {_short(value)}", "Convert them: .astype('float32')."
    if dtype.kind in "Mm":
        return f"dates such as {value}", "Make numbers of them: the day of the year, or days since the first one."
    if value is None:
        return "None", "Drop these rows or fill them, then convert: .astype('float32')."
    if isinstance(value, int | float | np.number | np.bool_):
        return "numbers as Python objects", "Convert them: .astype('float32')."
    if isinstance(value, list | tuple | np.ndarray):
        return "rows of different lengths", "Bring them to one length: fill the short ones up with zeros."
    return f"objects of type {type(value).__name__}", "Turn them into arrays of numbers."


def _short(value: Any) -> str:
    text = repr(value.decode(errors="replace") if isinstance(value, bytes) else str(value))
    return text if len(text) <= 40 else f"{text[:37]}...'"
