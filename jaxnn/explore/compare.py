"""compare: several models side by side, each with several seeds, as bands instead of single lucky lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.explore.chance import p_value
from jaxnn.explore.epochs import batch_sizes
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.members import programs, train_members
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import listed, number, spread
from jaxnn.training.data import split
from jaxnn.utils import figures

_NOISE = 0.05  # a difference that chance makes more often than this is none


def compare(
    models: Any,
    x: Any,
    y: Any,
    seeds: int = 8,
    epochs: int = 20,
    batch_size: Any = 32,
    validation_data: Any = None,
    validation_split: float = 0.2,
    seed: int = 0,
) -> Exploration:
    """Trains every model with several seeds and shows training and validation curves with bands, the gap, and who wins.

    Each member starts from fresh weights, drawn by its own initialisers, and sees its own shuffles; seed k has the same shuffles in
    every model. All members whose training step is the same computation (one architecture; initialisers and learning rates
    may differ) are trained as one vmapped program. What is frozen or adapted to data is kept.

    The winner has the best mean at the end; whether that is more than noise is told by an exact permutation test: how often do as
    large differences of the two means come up when the seeds' scores are dealt out at random? With M models the p-value is
    multiplied by M - 1, since the runner-up was chosen among them (Bonferroni).

    Args:
        models: compiled models by name, `{"plain": model, "dropout": other}`, or a list. They stay as they are.
        x, y: data, as for `fit`; each must fit every model.
        seeds: members of each model.
        epochs: as in `fit`.
        batch_size: as in `fit`, a number, or one for each model by its name, `{"one sample": 1, "full batch": None}`, None for all
            rows. The rows beyond full batches wait for another epoch's shuffle.
        validation_data: `(x, y)`.
        validation_split: without it, the last part of the rows, as in `fit`; 0 for none.
        seed: from which all others are drawn.

    Returns:
        An Exploration; its `data` (M models, S seeds, E epochs):
        `names`; `history`: name -> (M, S, E) for the loss, the metrics and their `val_` (metrics that all models have);
        `measure`: what decides, `val_loss` or a metric that all share where losses differ; `final` (M, S): it at the end; `gap`
        (M, S): val_loss - loss at the end; `winner`, `runner_up`: names; `p`: the p-value, 1 for a single model; `programs`:
        how many were compiled.

    Raises:
        ValueError: for fewer than two seeds, no models, or models that aren't compiled.

    Example:
        >>> def net(rate):
        ...     model = Sequential([Input((4,)), layers.Dense(8, "relu"), layers.Dense(1)])
        ...     model.compile(optimizers.SGD(rate), "mse")
        ...     return model
        >>> x = np.random.RandomState(0).randn(120, 4)
        >>> seen = compare({"0.1": net(0.1), "0.0001": net(0.0001)}, x, x[:, :1] * x[:, 1:2], seeds=4, epochs=10)
        >>> seen.data["history"]["val_loss"].shape, seen.data["programs"]
        ((2, 4, 10), 1)

    Source: the documents' G1 to G5; P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", 3.1.
    """
    who = "explore.compare"
    if not isinstance(models, Mapping):
        models = {model.name: model for model in (models if isinstance(models, list | tuple) else [models])}
    named = dict(models)
    if not named:
        raise ValueError(f'{who}: there is no model to compare. Give them by name: compare({{"plain": model}}, x, y).')
    if check.positive_int(who, "seeds", seeds) < 2:
        raise ValueError(f"{who}: one seed shows no spread; got seeds={seeds}. Take at least 2, better 8.")
    epochs = check.positive_int(who, "epochs", epochs)
    whole = Twin(who, next(iter(named.values())), x, y)
    train, validation = (whole.x, whole.y), validation_data
    if validation is None and validation_split:
        train, validation = split(train, validation_split)
    twins = {name: Twin(who, model, *train) for name, model in named.items()}
    held = None if validation is None else Twin(who, next(iter(named.values())), *validation)
    data: dict[str, Any] = {"names": list(named)}
    sizes = {name: size or whole.rows for name, size in batch_sizes(who, batch_size, named).items()}
    groups = programs(twins, sizes)
    histories: dict[str, dict[str, np.ndarray]] = {}
    for group in groups:
        members = {name: twins[name] for name in group}
        histories |= train_members(members, held, seeds, epochs, sizes[group[0]], seed)
    shared = [k for k in histories[data["names"][0]] if all(k in h for h in histories.values())]
    data["history"] = {k: np.stack([histories[name][k] for name in named]) for k in shared}
    data["programs"] = len(groups)
    data["measure"] = _measure(data["history"], named)
    data["final"] = data["history"][data["measure"]][..., -1]
    if "val_loss" in shared:
        data["gap"] = data["history"]["val_loss"][..., -1] - data["history"]["loss"][..., -1]
    _judge(data)
    return Exploration(data, _finding(data), _draw)


def _measure(history: dict[str, np.ndarray], models: dict[str, Any]) -> str:
    """What decides: the loss, unless models have different losses or penalties; then a metric that they share."""
    prefix = "val_" if "val_loss" in history else ""
    metrics = [k for k in history if k.startswith(prefix) and not k.endswith("loss")]
    losses = {str(m._compile_loss.user_loss if m._compile_loss else None) for m in models.values()}
    penalised = any(v.regularizer is not None for m in models.values() for v in m.variables)
    if (len(losses) > 1 or penalised) and metrics:
        return metrics[0]
    return f"{prefix}loss"


def _larger_is_better(measure: str) -> bool:
    words = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "cosine", "specificity", "sensitivity")
    return any(word in measure for word in words)


def _judge(data: dict[str, Any]) -> None:
    means = data["final"].mean(axis=1)
    sign = -1 if _larger_is_better(data["measure"]) else 1
    ranked = np.argsort(np.where(np.isfinite(means), sign * means, np.inf), kind="stable")
    data["winner"], data["runner_up"], data["p"] = data["names"][ranked[0]], None, 1.0
    if len(ranked) > 1:
        best, second = ranked[:2]
        data["runner_up"] = data["names"][second]
        data["p"] = min(1.0, (len(ranked) - 1) * p_value(data["final"][best], data["final"][second]))


def _finding(data: dict[str, Any]) -> str:
    names, final = data["names"], data["final"]
    measure, seeds = data["measure"].replace("val_", "validation ").replace("_", " "), final.shape[1]

    def score(name: str) -> str:
        values = final[names.index(name)]
        return spread(values.mean(), values.std(ddof=1))

    if data["runner_up"] is None:
        text = f"'{names[0]}' ends at a {measure} of {score(names[0])} over {seeds} seeds"
    elif data["p"] < _NOISE:
        text = (
            f"'{data['winner']}' wins with a {measure} of {score(data['winner'])}, against {score(data['runner_up'])} of "
            f"'{data['runner_up']}': more than noise over {seeds} seeds (p = {number(data['p'])})"
        )
    else:
        text = (
            f"'{data['winner']}' is ahead with a {measure} of {score(data['winner'])}, against {score(data['runner_up'])} of "
            f"'{data['runner_up']}', but that is no more than noise over {seeds} seeds (p = {number(data['p'])})"
        )
    lost = [f"'{n}'" for n, f in zip(names, final, strict=True) if not np.isfinite(f).all()]
    text += f"; {listed(lost)} diverged" if lost else ""
    if "gap" in data:
        gaps = data["gap"].mean(axis=1)
        each = listed(f"{number(gap)} ('{name}')" for name, gap in zip(names, gaps, strict=True))
        text += f". From training to validation loss it is {each}"
    return text + "."


def _draw(data: dict[str, Any]) -> Any:
    history = data["history"]
    panels = ["loss", *([data["measure"].removeprefix("val_")] if not data["measure"].endswith("loss") else [])]
    columns = [k for p in panels for k in (p, f"val_{p}") if k in history]
    across = len(columns) // len(panels)
    figure = figures.new_figure(1.8 + 4.5 * across, 0.5 + 3.2 * len(panels), "explore.compare")
    axes: dict[str, Any] = {}
    for i, key in enumerate(columns):  # training and validation on one scale: the gap is seen between panels
        axes[key] = figure.add_subplot(len(panels), across, i + 1, sharey=axes.get(key.removeprefix("val_")))
        _panel(axes[key], key, data)
    seeds = history[columns[0]].shape[1]
    figure.legend(
        *axes[columns[0]].get_legend_handles_labels(), loc="outside right upper", frameon=False, fontsize="small",
        title=f"median and 80 %\nof {seeds} seeds", title_fontsize="x-small", alignment="left",
    )  # fmt: skip
    return figure


def _panel(ax: Any, key: str, data: dict[str, Any]) -> None:
    values = data["history"][key]
    epochs = np.arange(1, values.shape[-1] + 1)
    for i, (name, curves) in enumerate(zip(data["names"], values, strict=True)):
        middle = np.median(curves, axis=0)
        low, high = np.quantile(curves, [0.1, 0.9], axis=0)
        look = figures.style(i)
        ax.fill_between(epochs, low, high, color=look["color"], alpha=0.18, linewidth=0)
        marker = figures.MARKERS[i % len(figures.MARKERS)]
        ax.plot(epochs, middle, marker=marker, label=name, **figures.marks(len(epochs)), **look)
    name = key.removeprefix("val_")
    both = np.concatenate([data["history"][k].ravel() for k in (name, f"val_{name}") if k in data["history"]])
    if (both > 0).all() and both.max() > 30 * both.min():
        figures.log_scale(ax)
    ax.set_title("validation" if key.startswith("val_") else "training", fontsize="small")
    ax.set_xlabel("epoch")
    ax.set_ylabel(name.replace("_", " "))
    figures.whole_numbers(ax)
    figures.bare(ax)
