"""`jaxnn train configs/rain_binary.toml`: train what a config describes, keep everything, compare with what is free."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

import jaxnn as nn
from jaxnn.cli import build, experiment, picture, report, scores, toml
from jaxnn.cli.errors import UsageError
from jaxnn.cli.experiment import Experiment
from jaxnn.datasets import rain
from jaxnn.version import __version__

_HELP = """\
Trains the network that a TOML file describes and compares its score on the test years with forecasts that are free:
the majority class, persistence (tomorrow like today), climatology (as usual on the date).

examples:
  jaxnn train configs/rain_binary.toml
  jaxnn train configs/rain_binary.toml --set fit.epochs=200
  jaxnn train configs/rain_binary.toml --set "compile.optimizer='adam'" --set model.layers.0.units=32

A run leaves these files in runs/<config>-<time>/:
  config.toml          the config as it ran, overrides and defaults included; `jaxnn train` takes it again
  history.csv          loss and metrics, a row an epoch
  model.weights.h5     the weights, in Keras's layout
  learning_curve.png   if matplotlib is installed
  scores.json          the score and what it is compared with
"""


def add(commands: Any) -> None:
    """Declares `jaxnn train` and its arguments."""
    parser = commands.add_parser(
        "train",
        help="train the network of a config file",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", metavar="CONFIG.toml", help="the experiment; the project's own are in configs/")
    parser.add_argument(
        "--set",
        dest="overrides",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override a key by a value in TOML's syntax, as in --set fit.epochs=50 (repeatable)",
    )
    parser.add_argument("--out", metavar="DIR", help="the folder to leave the run in; new or empty")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Trains, keeps, scores and tells, in this order. Returns 0, 130 after Ctrl-C, or 1 if training diverged."""
    spec = experiment.load(args.config, args.overrides)
    train, validation, test = _data(spec)
    model = build.model(spec, features=train[0].shape[1], outputs=train[1].shape[1])
    extra = build.callbacks(spec)
    folder = _folder(spec, args.out)
    (folder / "config.toml").write_text(toml.dumps(spec.config), encoding="utf-8")
    print(_opening(spec, model, train, validation, test))

    history = HistoryFile(folder / "history.csv")
    finished = _fit(spec, model, train, validation, [*extra, history])
    model.save_weights(str(folder / "model.weights.h5"))
    if not finished:
        return _tell_interrupted(folder, history, spec.config["fit"]["epochs"])

    forecast = np.asarray(model.predict(test[0], verbose=0))
    if not np.isfinite(forecast).all():
        return _tell_diverged(folder, history)
    table = scores.table(spec.config, forecast, test[1])
    truths = report.truths(spec.config, table, forecast, test[1])
    _write_scores(folder, spec, table, truths)
    levels = scores.levels(spec.config, spec.config["data"]["validation_years"]) if validation else {}
    drawn = picture.learning_curve(folder / "learning_curve.png", folder.name, spec.config, history.values, levels)
    print(f"\n{report.score_table(spec.config, table)}\n")
    print(*truths, sep="\n")
    print(f"\nKept in {folder}: {', '.join(sorted(p.name for p in folder.iterdir()))}")
    if not drawn:
        print('No learning_curve.png, since matplotlib is missing: pip install "jaxnn[notebooks]"')
    return 0


def _fit(spec: Experiment, model: Any, train: rain.Split, validation: rain.Split | None, callbacks: list[Any]) -> bool:
    """Trains as the config says; False if Ctrl-C ended it. The model has the weights of the last finished steps."""
    fit = spec.config["fit"]
    history = callbacks[-1]
    try:
        model.fit(
            *train,
            batch_size=fit["batch_size"],
            epochs=fit["epochs"],
            verbose=fit["verbose"],
            shuffle=fit["shuffle"],
            validation_data=validation,
            callbacks=callbacks,
        )
    except KeyboardInterrupt:
        return False
    except ValueError as error:
        if history.epochs:
            raise
        (history.file.parent / "config.toml").unlink()  # nothing ran: leave nothing
        history.file.parent.rmdir()
        spec.refuse(("compile",), f"layers, loss, metrics and targets don't fit together: {build.first_line(error)}")
    return True


class HistoryFile(nn.callbacks.Callback):
    """Writes a row of history.csv at each epoch's end, so that whatever ends the run leaves the epochs so far."""

    def __init__(self, file: Path):
        super().__init__()
        self.file = file
        self.values: dict[str, list[float]] = {}

    @property
    def epochs(self) -> int:
        """Finished epochs."""
        return len(next(iter(self.values.values()), []))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Notes the epoch's values and appends them to the file."""
        for name, value in (logs or {}).items():
            self.values.setdefault(name, []).append(float(value))
        with self.file.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if self.epochs == 1:
                writer.writerow(["epoch", *self.values])
            writer.writerow([self.epochs, *(column[-1] for column in self.values.values())])


def _data(spec: Experiment) -> tuple[rain.Split, rain.Split | None, rain.Split]:
    """The three splits; validation is None without validation years."""
    data = spec.config["data"]
    parts = {}
    for key in ("validation_years", "test_years"):
        if data[key] or key == "test_years":
            try:
                parts["train"], parts[key] = rain.load_data(data["task"], data["train_years"], data[key])
            except ValueError as error:
                spec.refuse(("data", key), str(error))
    return parts["train"], parts.get("validation_years"), parts["test_years"]


def _folder(spec: Experiment, out: str | None) -> Path:
    """A new folder for the run."""
    if out is not None:
        folder = Path(out)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"jaxnn train: --out {out} already holds something; name a new or empty folder.")
    else:
        folder = base = Path("runs") / f"{spec.name}-{time.strftime('%Y%m%d-%H%M%S')}"
        count = 1
        while folder.exists():  # two runs within a second
            count += 1
            folder = base.with_name(f"{base.name}-{count}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"jaxnn train: can't make the folder {folder}: {error.strerror}. Use --out DIR.") from None
    return folder


def _write_scores(folder: Path, spec: Experiment, table: dict[str, Any], truths: list[report.Truth]) -> None:
    data = spec.config["data"]
    record = {
        "task": data["task"],
        "test_years": data["test_years"],
        "scores": table,
        "remarks": [truth._asdict() for truth in truths],
    }
    (folder / "scores.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


# --- what is said -----------------------------------------------------------------------------------------------------


def _opening(spec: Experiment, model: Any, train: rain.Split, validation: rain.Split | None, test: rain.Split) -> str:
    data, fit = spec.config["data"], spec.config["fit"]
    devices = jax.devices()
    device = f"{devices[0].platform.upper()} ({devices[0].device_kind})" if devices[0].platform != "cpu" else "the CPU"
    more = f", the first of {len(devices)}" if len(devices) > 1 else ""

    def days(years: list[int], split: rain.Split) -> str:
        return f"{', '.join(map(str, years))} ({len(split[0]):,} days)"

    seen = f"validates on {days(data['validation_years'], validation)}, " if validation else ""
    return (
        f"jaxnn {__version__} trains {spec.name} on {device}{more}: {model.count_params():,} weights, "
        f"{fit['epochs']} epoch{'s' * (fit['epochs'] > 1)}, seed {spec.config['seed']}.\n"
        f"Rain ({data['task']}): trains on {days(data['train_years'], train)}, {seen}scores on {days(data['test_years'], test)}."
    )


def _tell_interrupted(folder: Path, history: HistoryFile, epochs: int) -> int:
    print(
        f"\nStopped by Ctrl-C after {history.epochs} of {epochs} epochs. Kept in {folder}: config.toml"
        f"{', history.csv with those epochs' if history.epochs else ''}, and model.weights.h5 with the weights as they "
        "were when it stopped. There is no score.",
        file=sys.stderr,
    )
    return 130


def _tell_diverged(folder: Path, history: HistoryFile) -> int:
    losses = history.values.get("loss", [])
    first = next((i for i, loss in enumerate(losses, start=1) if not np.isfinite(loss)), None)
    print(
        f"\nTraining diverged: the loss is not a number{f' from epoch {first} on' if first else ''}, and there is no "
        f"score. Lower the learning rate: --set compile.optimizer.learning_rate=0.001. Kept in {folder}.",
        file=sys.stderr,
    )
    return 1
