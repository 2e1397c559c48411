"""What the terminal says after training: the table of scores, and the truths that a single number hides."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxnn.cli import scores
from jaxnn.datasets import rain

CLASSES = {"binary": ("dry", "rain"), "multiclass": ("dry", "light rain", "heavy rain")}
NAMES = {
    "network": "network",
    "majority": "majority class",
    "dry": "0 mm every day",
    "mean": "mean amount every day",
    "persistence": "persistence: tomorrow like today",
    "climatology": "climatology: as usual on the date",
}
CLEAR = 2.0  # standard errors from which a difference is taken for one
WIDTH = 100  # characters a line


class Truth(NamedTuple):
    """A remark on a score, and the options to try because of it."""

    text: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = textwrap.fill(self.text, WIDTH, initial_indent="* ", subsequent_indent="  ")
        return "\n".join([told, *(f"      {option}" for option in self.options)])


def score_table(config: dict[str, Any], table: dict[str, dict[str, Any]]) -> str:
    """The scores of the network and of what is free, then its skill, as text."""
    regression = config["data"]["task"] == "regression"
    head = ["mae", "rmse"] if regression else ["days right", "log-loss", "Brier"]
    rows = [[f"score on {_years(config['data']['test_years'])}", *head, "network is ahead by"]]
    for name, row in table.items():
        if regression:
            figures = [f"{row['mae']:.2f} mm", f"{row['rmse']:.2f} mm"]
        else:
            figures = [f"{100 * row['accuracy']:.1f} %", f"{row['log_loss']:.3f}", f"{row['brier']:.3f}"]
        rows.append([NAMES[name], *figures, _ahead(row, regression)])
    compared = "mae" if regression else "days right"
    notes = f"s.e.: standard errors of the difference in {compared}, compared day by day. {_skill(table['network'])}"
    return f"{text_table(rows)}\n{textwrap.fill(notes, WIDTH)}"


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of words in columns, the first to the left and the others to the right; the first row is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [word.rjust(width) for word, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def truths(
    config: dict[str, Any], table: dict[str, dict[str, Any]], forecast: np.ndarray, y_true: np.ndarray
) -> list[Truth]:
    """What must be known before the score is believed, the gravest first."""
    if config["data"]["task"] == "regression":
        return [*_amounts(config, table, forecast, y_true), *_seen(config)]
    return [*_one_class(config, table, forecast), *_against_the_best(table, len(y_true)), *_seen(config)]


# --- the truths -------------------------------------------------------------------------------------------------------


def _one_class(config: dict[str, Any], table: dict[str, dict[str, Any]], forecast: np.ndarray) -> list[Truth]:
    named = np.unique(scores.classes(forecast))
    if len(named) > 1:
        return []
    word = CLASSES[config["data"]["task"]][named[0]]
    whose = "the majority's" if _equal(table["majority"]) else "that class's"
    return [
        Truth(
            f'The network says "{word}" for every day: it predicts the same class whatever the weather, and its '
            f"{100 * table['network']['accuracy']:.1f} % are {whose} share of the days, not skill. It has not learnt yet. "
            "Train it longer, or with Adam and ReLU:",
            (_longer(config), _adam_and_relu(config)),
        )
    ]


def _against_the_best(table: dict[str, dict[str, Any]], days: int) -> list[Truth]:
    best = max((name for name in table if name != "network"), key=lambda name: table[name]["accuracy"])
    row, share = table[best], table["network"]["accuracy"]
    if _equal(row):
        return []
    single = 100 * np.sqrt(share * (1 - share) / days)
    distance = f"{abs(row['ahead']) / row['ahead_se']:.1f} standard errors" if row["ahead_se"] else "on every day"
    if abs(row["ahead"]) < CLEAR * row["ahead_se"]:
        verdict = f"these days can't tell the network from {best}, the best of what is free ({distance} apart)"
    elif row["ahead"] < 0:
        verdict = f"{best} is free and clearly better than the network ({distance})"
    else:
        verdict = f"the network is clearly better than {best}, the best of what is free ({distance})"
    return [Truth(f"A share of {days} days has a standard error of {single:.1f} points; {verdict}.")]


def _amounts(
    config: dict[str, Any], table: dict[str, dict[str, Any]], forecast: np.ndarray, y_true: np.ndarray
) -> list[Truth]:
    said, layers = [], config["model"]["layers"]
    if any(name in ("accuracy", "acc") for name in config["compile"]["metrics"]):
        exact = 100 * float(np.isin(y_true, (0.0, 1.0)).mean())
        said.append(
            Truth(
                f"'accuracy' says nothing about amounts: it is the share of targets that are exactly 0 or 1, here the "
                f"{exact:.1f} % of dry days, whatever the network has learnt. The mean absolute error would serve:",
                ("--set \"compile.metrics=['mae']\"",),
            )
        )
    if layers[-1].get("activation") == "sigmoid":
        said.append(
            Truth(
                "The last unit is a sigmoid, which cuts the amount off at 60 mm and hardly moves near 0; an amount wants "
                "a linear unit:",
                (f"--set \"model.layers.{len(layers) - 1}.activation='linear'\"",),
            )
        )
    mm = rain.SCALE * forecast[:, 0]
    if np.ptp(mm) < 1.0:
        low, high = mm.min(), mm.max()
        said.append(
            Truth(
                f"The network says {low:.1f} to {high:.1f} mm whatever the weather: it has not learnt yet. Train it longer:",
                (_longer(config),),
            )
        )
    if table["dry"]["ahead"] < 0:
        said.append(
            Truth(
                f"By mae, '{NAMES['dry']}' is free and better: most days are dry, and mae rewards the middle value, while "
                "a network trained on squared error aims at the mean. Judge such a network by rmse and by its skill."
            )
        )
    return said


def _seen(config: dict[str, Any]) -> list[Truth]:
    both = sorted(set(config["data"]["validation_years"]) & set(config["data"]["test_years"]))
    if not both:
        return []
    return [
        Truth(
            f"{_years(both)} was watched during training and then scored, as in the documents: choose nothing by it. "
            "To choose among settings:",
            ('--set "data.train_years=[2012, 2013]" --set "data.validation_years=[2014]"',),
        )
    ]


# --- words ------------------------------------------------------------------------------------------------------------


def _ahead(row: dict[str, Any], regression: bool) -> str:
    if "ahead" not in row:
        return ""
    if _equal(row):
        return "nothing: the same every day"
    size = f"{row['ahead']:+.2f} mm" if regression else f"{100 * row['ahead']:+.1f} points"
    return f"{size} ({row['ahead'] / row['ahead_se']:+.1f} s.e.)" if row["ahead_se"] else size


def _equal(row: dict[str, Any]) -> bool:
    """Whether the network and this forecast are equally good on every single day."""
    return row["ahead"] == 0 and row["ahead_se"] == 0


def _skill(network: dict[str, Any]) -> str:
    names = {"log_loss": "log-loss", "brier": "Brier", "mse": "squared error"}
    parts = []
    for key, value in network["skill"].items():
        low, high = network["skill_95"][key]
        parts.append(f"{names[key]} {100 * value:+.0f} % (95 % interval {100 * low:+.0f} to {100 * high:+.0f})")
    return f"Skill against climatology: {', '.join(parts)}; 0 is no better than knowing the date, 100 is perfect."


def _longer(config: dict[str, Any]) -> str:
    return f"--set fit.epochs={10 * config['fit']['epochs']}"


def _adam_and_relu(config: dict[str, Any]) -> str:
    hidden = [
        f"--set \"model.layers.{i}.activation='relu'\""
        for i, layer in enumerate(config["model"]["layers"][:-1])
        if "activation" in layer
    ]
    return " ".join(["--set \"compile.optimizer='adam'\"", *hidden])


def _years(years: Sequence[int]) -> str:
    return str(years[0]) if len(years) == 1 else f"{', '.join(map(str, years[:-1]))} and {years[-1]}"
