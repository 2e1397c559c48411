"""How good a forecast is, in the units of the weather, beside what is free: the figures, without a word of text.

Forecasts are compared day by day, on the same days: the difference of two accuracies is the mean of a paired
difference, and its standard error is that mean's. Skill is 1 - loss / loss of climatology: 1 is perfect, 0 no better
than knowing the date. Its interval comes from resampling weeks, since wet days come in spells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxnn.datasets import rain

BLOCK = 7  # days that are resampled together
RESAMPLES = 2000
CLIP = 1e-7  # as in Keras's losses: a forecast that was certain and wrong costs 16.1 nats, not infinitely many


def table(config: dict[str, Any], forecast: np.ndarray, y_true: np.ndarray) -> dict[str, dict[str, Any]]:
    """Scores of the network and of the free forecasts on the test days, a row each, the network first.

    Args:
        config: the experiment's; `data` says which task and which years.
        forecast: what the network says. Shape: that of `y_true`.
        y_true: what came. Shape: `(days, 1)` or `(days, 3)`.

    Returns:
        For each row: `accuracy`, `log_loss` (nats) and `brier` (summed over the columns) for classes; `mae` and `rmse` (mm) and `mse` (of the
        scaled targets) for amounts. The free rows also have `ahead`, by how much the network is better (a share of
        days, or mm of mae), and `ahead_se`, the standard error of that. The network has `skill` with `skill_95`.
    """
    data = config["data"]
    forecasts = {"network": forecast, **free(config, data["test_years"])}
    daily = {name: _daily(data["task"], f, y_true) for name, f in forecasts.items()}
    result = {name: _means(d) for name, d in daily.items()}
    for name in list(result)[1:]:
        key = "accuracy" if "accuracy" in daily[name] else "mae"
        ahead = daily["network"][key] - daily[name][key]
        ahead = ahead if key == "accuracy" else -ahead
        result[name] |= {"ahead": float(ahead.mean()), "ahead_se": float(ahead.std(ddof=1) / np.sqrt(len(ahead)))}
    for key in ("log_loss", "brier", "mse"):
        if key in daily["network"]:
            value, interval = skill(daily["network"][key], daily["climatology"][key])
            result["network"].setdefault("skill", {})[key] = value
            result["network"].setdefault("skill_95", {})[key] = interval
    return result


def levels(config: dict[str, Any], years: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Scores of the free forecasts alone, on the days of any years."""
    data = config["data"]
    _, (_, y_true) = rain.load_data(data["task"], data["train_years"], years)
    return {name: _means(_daily(data["task"], f, y_true)) for name, f in free(config, years).items()}


def free(config: dict[str, Any], years: Sequence[int]) -> dict[str, np.ndarray]:
    """The forecasts that need no network, for the days of the years given."""
    task, train_years = config["data"]["task"], config["data"]["train_years"]
    everyday = rain.majority(task, train_years, years)
    always = {"dry": np.zeros_like(everyday), "mean": everyday} if task == "regression" else {"majority": everyday}
    return {
        **always,
        "persistence": rain.persistence(task, train_years, years),
        "climatology": rain.climatology(task, train_years, years),
    }


def classes(forecast: np.ndarray) -> np.ndarray:
    """The class that each row names: of one probability, whether it is above 1/2; of several, the largest."""
    return (forecast[:, 0] > 0.5).astype(int) if forecast.shape[1] == 1 else forecast.argmax(axis=1)


def skill(loss: np.ndarray, reference: np.ndarray) -> tuple[float, list[float]]:
    """1 - mean loss / mean reference, and the middle 95 % of it over resampled weeks. Shape of both: `(days,)`."""
    days = len(loss)
    starts = np.random.default_rng(0).integers(0, days, (RESAMPLES, -(-days // BLOCK)))
    chosen = (starts[:, :, None] + np.arange(BLOCK)).reshape(RESAMPLES, -1)[:, :days] % days  # weeks run round the end
    resampled = 1 - loss[chosen].mean(axis=1) / reference[chosen].mean(axis=1)
    return float(1 - loss.mean() / reference.mean()), [float(q) for q in np.quantile(resampled, [0.025, 0.975])]


def _daily(task: str, forecast: np.ndarray, y_true: np.ndarray) -> dict[str, np.ndarray]:
    """Each score's value for each day. Shape: `(days,)` each."""
    forecast, y_true = forecast.astype(float), y_true.astype(float)
    if task == "regression":
        error = (forecast - y_true)[:, 0]
        return {"mae": rain.SCALE * np.abs(error), "mse": error**2}
    right = (classes(forecast) == classes(y_true)).astype(float)
    if task == "binary":
        happened = np.where(y_true > 0.5, forecast, 1 - forecast)[:, 0]
    else:
        happened = (forecast * y_true).sum(axis=1)
    happened = np.clip(happened, CLIP, 1 - CLIP)
    return {"accuracy": right, "log_loss": -np.log(happened), "brier": ((forecast - y_true) ** 2).sum(axis=1)}


def _means(daily: dict[str, np.ndarray]) -> dict[str, Any]:
    means = {name: float(values.mean()) for name, values in daily.items()}
    if "mse" in means:
        means["rmse"] = rain.SCALE * float(np.sqrt(means["mse"]))
    return means
