"""CSVLogger: one row per epoch in a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import IO, Any

from jaxnn.callbacks.callback import Callback, Logs
from jaxnn.core import registry


@registry.export("callbacks")
class CSVLogger(Callback):
    """Writes the logs of each epoch to a CSV file: the epoch, then the metrics by name; 'NA' for what is missing.

    The columns are those of the first epoch; without validation there, each metric has a `val_` column all the same. The
    file is complete after each epoch and closed at the end.

    Args:
        filename: a path.
        separator: between two columns.
        append: whether an existing file goes on, without a second header. False overwrites it.

    Example: `model.fit(x, y, epochs=20, callbacks=[CSVLogger("training.csv")])`

    Source: https://keras.io/api/callbacks/csv_logger/
    """

    def __init__(self, filename: str | os.PathLike, separator: str = ",", append: bool = False):
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self.csv_file: IO[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Opens the file."""
        self._close()
        self.keys = None
        self.csv_file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes a row, and before the first one the header."""
        logs = logs or {}
        writer = csv.writer(self.csv_file, delimiter=self.sep)
        if self.keys is None:
            self.keys = _columns(logs)
            if not self.append or self.csv_file.tell() == 0:
                writer.writerow(["epoch", *self.keys])
        writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
        self.csv_file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the file."""
        self._close()

    def _close(self) -> None:
        if self.csv_file is not None:
            self.csv_file.close()
            self.csv_file = None


def _columns(logs: Logs) -> list[str]:
    keys = sorted(logs)
    validated = any(key.startswith("val_") for key in keys)
    return keys if validated else [*keys, *(f"val_{key}" for key in keys)]


def _cell(value: Any) -> Any:
    """The value; an array as a quoted list."""
    is_list = isinstance(value, Iterable) and not isinstance(value, str) and getattr(value, "ndim", 1) > 0
    return f'"[{", ".join(map(str, value))}]"' if is_list else value
