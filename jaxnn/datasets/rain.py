"""Will it rain tomorrow? Four years of Seattle's daily weather as eight features and three kinds of target.

What is known in the evening of day t - 1 forecasts day t. Days are split by the calendar, never at random: neighbouring
days resemble each other, and a random split would let the network look the answer up.

Source: NOAA's daily summaries for Seattle, 2012 to 2015, as bundled in vega_datasets 0.9.0 (`data/README.md`).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxnn.core import check

TASKS = ("binary", "multiclass", "regression")
FEATURES = (
    "precipitation",
    "rained",
    "temp_max",
    "temp_min",
    "wind",
    "precipitation_before",
    "date_sin",
    "date_cos",
)
TRAIN_YEARS = (2012, 2013, 2014)
TEST_YEARS = (2015,)
HEAVY = 5.0  # mm a day, from which rain counts as heavy
SCALE = 60.0  # mm a day that stand for 1 in the regression; the wettest day had 55.9
FILE = Path(__file__).parent / "data" / "seattle-weather.csv"

Split = tuple[np.ndarray, np.ndarray]


class Table(NamedTuple):
    """The weather of consecutive days, one array a column. All have shape `(days,)`.

    Attributes:
        date: as `datetime64[D]`.
        precipitation: mm.
        temp_max: degrees Celsius.
        temp_min: degrees Celsius.
        wind: m/s.
    """

    date: np.ndarray
    precipitation: np.ndarray
    temp_max: np.ndarray
    temp_min: np.ndarray
    wind: np.ndarray


def load_data(
    task: str = "binary",
    train_years: Sequence[int] = TRAIN_YEARS,
    test_years: Sequence[int] = TEST_YEARS,
    table: Table | None = None,
) -> tuple[Split, Split]:
    """Features and targets of the training days and of the test days, as float32.

    The features of day t, in the order of `FEATURES`: the rain of day t - 1 (mm), whether there was any (0 or 1), its
    highest and lowest temperature, its wind, the rain of day t - 2, and the sine and cosine of day t's date, the day
    of the year over the year's length as an angle. So 2012-01-03 is the first day that has features, and 2012 counts
    364 of them; the days before a later year belong to the table, and its 1 January has features too. Each feature is
    shifted and scaled to mean 0 and deviation 1 over the training days; the test days take no part in that.

    Args:
        task: "binary" (1 if any rain fell), "multiclass" (dry, below 5 mm, 5 mm and more) or "regression" (mm / 60).
        train_years: whose days to train on.
        test_years: whose days to test on. To choose a model, train on 2012 and 2013 and test on 2014.
        table: another table of consecutive days; the package's own without it.

    Shape:
        x: `(days, 8)`; y: `(days, 1)`, and `(days, 3)` one-hot for "multiclass". 1,094 days to train on, 365 to test.

    Returns:
        `(x_train, y_train), (x_test, y_test)`.

    Raises:
        ValueError: for a task that isn't there, a year without days, or a year that is in both splits.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data("binary")
        >>> x_train.shape, y_train.shape, x_test.shape
        ((1094, 8), (1094, 1), (365, 8))
        >>> round(float(y_train.mean()), 3)
        0.437
    """
    check.one_of("rain.load_data", "task", task, TASKS)
    table = read() if table is None else table
    train, test = in_years(table, train_years), in_years(table, test_years)
    if (train & test).any():
        raise ValueError(
            f"rain.load_data: a day is either trained on or tested on; got train_years={list(train_years)} and "
            f"test_years={list(test_years)}. Take the years they share out of one of them."
        )
    x, y = features(table), targets(table, task)
    mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
    x = (x - mean) / np.where(deviation > 0, deviation, 1.0)  # a column that never changes becomes zeros
    x, y = x.astype("float32"), y.astype("float32")
    return (x[train], y[train]), (x[test], y[test])


def read(path: str | os.PathLike[str] = FILE) -> Table:
    """The table in a CSV file with the columns date, precipitation, temp_max, temp_min and wind.

    Args:
        path: the file; without it the package's own, 2012-01-01 to 2015-12-31.

    Raises:
        ValueError: if a day is missing or out of order: "the day before" would be another day.
    """
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    date = np.array([row["date"].replace("/", "-") for row in rows], "datetime64[D]")
    gaps = np.flatnonzero(np.diff(date) != np.timedelta64(1, "D"))
    if gaps.size:
        raise ValueError(
            f"rain.read: rows must be consecutive days; {date[gaps[0]]} is followed by {date[gaps[0] + 1]}. "
            "Sort the file and fill the gap."
        )
    return Table(date, *(np.array([float(row[column]) for row in rows]) for column in Table._fields[1:]))


def features(table: Table) -> np.ndarray:
    """What is known of each day the evening before, in natural units. Shape: `(days - 2, 8)`, from the third day on."""
    angle = 2 * np.pi * day_of_year(table)[2:]
    yesterday = slice(1, -1)
    columns = (
        table.precipitation[yesterday],
        table.precipitation[yesterday] > 0,
        table.temp_max[yesterday],
        table.temp_min[yesterday],
        table.wind[yesterday],
        table.precipitation[:-2],
        np.sin(angle),
        np.cos(angle),
    )
    return np.stack(columns, axis=1)


def targets(table: Table, task: str) -> np.ndarray:
    """What came, as the task asks for it. Shape: `(days - 2, 1)` or `(days - 2, 3)`, from the third day on."""
    return _encode(table.precipitation[2:], task)


def in_years(table: Table, years: Sequence[int]) -> np.ndarray:
    """Which days, from the third on, lie in the years given: bools of shape `(days - 2,)`.

    Raises:
        ValueError: for a year of which the table has no such day, and for no year at all.
    """
    year = table.date[2:].astype("datetime64[Y]").astype(int) + 1970
    for wanted in years:
        if wanted not in year:
            raise ValueError(f"rain: the table covers {year.min()} to {year.max()}; got the year {wanted!r}.")
    if not len(years):
        raise ValueError(f"rain: at least one year is needed; the table covers {year.min()} to {year.max()}.")
    return np.isin(year, years)


def day_of_year(table: Table) -> np.ndarray:
    """The date as a part of its year: 1/365 on 1 January, 1 on 31 December. Shape: `(days,)`."""
    year = table.date.astype("datetime64[Y]")
    start, end = year.astype("datetime64[D]"), (year + 1).astype("datetime64[D]")
    return ((table.date - start).astype(int) + 1) / (end - start).astype(int)


# --- forecasts that cost nothing --------------------------------------------------------------------------------------
# Each gives the test days' forecast in the form of `y_test`: probabilities, or mm / 60. A network that isn't better than
# all of them has learnt nothing worth having.


def majority(
    task: str,
    train_years: Sequence[int] = TRAIN_YEARS,
    test_years: Sequence[int] = TEST_YEARS,
    table: Table | None = None,
) -> np.ndarray:
    """The same for every day: each class with its share of the training days; the training days' mean amount.

    Example:
        >>> majority("binary").shape, round(float(majority("binary")[0, 0]), 3)
        ((365, 1), 0.437)
    """
    _, y_train, test, y = _split(task, train_years, test_years, table)
    return np.broadcast_to(y_train.mean(axis=0), y[test].shape).astype("float32")


def persistence(
    task: str,
    train_years: Sequence[int] = TRAIN_YEARS,
    test_years: Sequence[int] = TEST_YEARS,
    table: Table | None = None,
) -> np.ndarray:
    """Tomorrow like today, and that for certain: day t - 1's target as the forecast of day t.

    Example:
        >>> (_, _), (_, y_test) = load_data("binary")
        >>> round(float((persistence("binary") == y_test).mean()), 3)
        0.704
    """
    table = read() if table is None else table
    _, _, test, _ = _split(task, train_years, test_years, table)
    return _encode(table.precipitation[1:-1], task)[test].astype("float32")


def climatology(
    task: str,
    train_years: Sequence[int] = TRAIN_YEARS,
    test_years: Sequence[int] = TEST_YEARS,
    table: Table | None = None,
    width: float = 15.0,
) -> np.ndarray:
    """What the season lets expect: the training years' mean target around the date, with Gaussian weights.

    sum_i w_i y_i / sum_i w_i over the training days, w_i = exp(-(d_i / width)^2 / 2), where d_i is the distance between
    the two dates around the year, in days. Of the widths 5, 10, 15, 20, 30 and 45, 15 days gave 2014 the lowest log-loss
    when 2012 and 2013 were the training years.

    Args:
        task: "binary", "multiclass" or "regression".
        train_years: whose days are averaged.
        test_years: whose days are forecast.
        table: another table of consecutive days.
        width: the standard deviation of the weights, in days.
    """
    table = read() if table is None else table
    train, y_train, test, _ = _split(task, train_years, test_years, table)
    date = day_of_year(table)[2:]
    apart = np.abs(date[test][:, None] - date[train][None, :])  # (test days, training days), parts of a year
    days = 365.25 * np.minimum(apart, 1 - apart)
    weights = np.exp(-0.5 * (days / width) ** 2)
    return (weights @ y_train / weights.sum(axis=1, keepdims=True)).astype("float32")


def _split(
    task: str, train_years: Sequence[int], test_years: Sequence[int], table: Table | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which days train, their targets, which days test, all targets."""
    table = read() if table is None else table
    y, train = targets(table, task), in_years(table, train_years)
    return train, y[train], in_years(table, test_years), y


def _encode(precipitation: np.ndarray, task: str) -> np.ndarray:
    check.one_of("rain", "task", task, TASKS)
    if task == "binary":
        return (precipitation > 0).astype(float)[:, None]
    if task == "multiclass":
        heavy = precipitation >= HEAVY
        return np.stack([precipitation <= 0, (precipitation > 0) & ~heavy, heavy], axis=1).astype(float)
    return precipitation[:, None] / SCALE
