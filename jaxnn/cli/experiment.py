"""An experiment's config: read from TOML, overridden by `--set`, checked key by key before anything runs.

    seed = 42
    [data]     task, train_years, validation_years, test_years
    [model]    layers: a list of tables; `type` names the layer, the other keys are its arguments
    [compile]  optimizer, loss, metrics: a name, or a table with `type` and arguments
    [fit]      epochs, batch_size, shuffle, verbose, callbacks

Strict: a key that nobody reads is an error, since a misspelt `epochs` would otherwise train with the default unseen.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from jaxnn.cli import toml
from jaxnn.cli.errors import UsageError
from jaxnn.core.check import nearest
from jaxnn.datasets import rain


@dataclass
class Experiment:
    """A checked config, and where each of its keys was written.

    Attributes:
        name: the file's name without its ending; runs are named after it.
        config: every key of the schema, defaults filled in.
        file: the path as the caller gave it.
    """

    name: str
    config: dict[str, Any]
    file: str
    text: str = ""
    overrides: dict[toml.Path, str] = field(default_factory=dict)

    def refuse(self, path: toml.Path, message: str) -> NoReturn:
        """Raises UsageError: where the key was written, then the message."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.overrides:
                raise UsageError(f"--set {self.overrides[path[:length]]}: {message}")
        line = toml.line_of(self.text, path)
        within = [f"--set {text}" for key, text in self.overrides.items() if path and key[: len(path)] == path]
        place = self.file + (f", line {line}" if line else "") + (f" with {' '.join(within)}" if within else "")
        raise UsageError(f"{place}: {message}")


def load(file: str, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment in a TOML file, with `key.path=value` overrides, every key checked.

    Raises:
        UsageError: for a file that can't be read, an unknown or missing key, or a value of the wrong type.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
        experiment = Experiment(path.stem, tomllib.loads(text), file, text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: not valid TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {_why_unreadable(path, error)}") from None
    for override in overrides:
        _override(experiment, override)
    _check_table(experiment, (), experiment.config, SCHEMA)
    return experiment


def dotted(path: toml.Path) -> str:
    """`("model", "layers", 0, "units")` as `model.layers.0.units`."""
    return ".".join(map(str, path))


# --- what a config may hold -------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """One value of the schema: what it must be, in words and as a test, and its default (`...`: it must be given)."""

    expected: str
    fits: Callable[[Any], bool]
    default: Any = ...


def _whole(low: int) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= low


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, list) and all(map(fits, v))


def _typed(v: Any) -> bool:
    return isinstance(v, dict) and isinstance(v.get("type"), str)


def _named(v: Any) -> bool:
    return isinstance(v, str) or _typed(v)


_YEARS = "a list of years such as [2012, 2013]"
_NAMED = 'a name such as "{}", or a table such as {{ type = "{}" }} with its arguments'

SCHEMA: dict[str, Any] = {
    "seed": Key("a whole number from 0 to 2**32 - 1", lambda v: _whole(0)(v) and v < 2**32),
    "data": {
        "task": Key(" or ".join(f'"{task}"' for task in rain.TASKS), lambda v: v in rain.TASKS),
        "train_years": Key(_YEARS, _list_of(_whole(1)), list(rain.TRAIN_YEARS)),
        "validation_years": Key(_YEARS, _list_of(_whole(1)), []),
        "test_years": Key(_YEARS, _list_of(_whole(1)), list(rain.TEST_YEARS)),
    },
    "model": {
        "layers": Key(
            'a list of tables such as { type = "Dense", units = 16 }', lambda v: bool(v) and _list_of(_typed)(v)
        ),
    },
    "compile": {
        "optimizer": Key(_NAMED.format("SGD", "SGD"), _named),
        "loss": Key(_NAMED.format("mse", "Huber"), _named),
        "metrics": Key('a list of names such as ["accuracy"]', _list_of(_named), []),
    },
    "fit": {
        "epochs": Key("a whole number from 1 on", _whole(1)),
        "batch_size": Key("a whole number from 1 on", _whole(1), 32),
        "shuffle": Key("true or false", lambda v: isinstance(v, bool), True),
        "verbose": Key("0 (silent), 1 (a bar) or 2 (a line an epoch)", lambda v: _whole(0)(v) and v <= 2, 1),
        "callbacks": Key('a list of tables such as { type = "EarlyStopping", patience = 5 }', _list_of(_typed), []),
    },
}


def _check_table(experiment: Experiment, path: toml.Path, table: dict[str, Any], schema: dict[str, Any]) -> None:
    for name in table:
        if name not in schema:
            hint = nearest(name, schema) or f" The keys here are {', '.join(schema)}."
            experiment.refuse((*path, name), f"unknown key {dotted((*path, name))}.{hint}")
    for name, wanted in schema.items():
        here = (*path, name)
        if isinstance(wanted, dict):
            inner = table.setdefault(name, {})
            if not isinstance(inner, dict):
                experiment.refuse(here, f"{dotted(here)} must be a table, [{dotted(here)}]; got {inner!r}.")
            _check_table(experiment, here, inner, wanted)
        elif name not in table:
            if wanted.default is ...:
                experiment.refuse(path, f"{dotted(here)} is missing. It must be {wanted.expected}.")
            table[name] = list(wanted.default) if isinstance(wanted.default, list) else wanted.default
        elif not wanted.fits(table[name]):
            got = table[name]
            hint = nearest(got, rain.TASKS) if here == ("data", "task") else ""
            experiment.refuse(here, f"{dotted(here)} must be {wanted.expected}; got {got!r}.{hint}")
    ordered = {name: table[name] for name in schema}
    table.clear()
    table.update(ordered)


# --- overrides --------------------------------------------------------------------------------------------------------


def _override(experiment: Experiment, override: str) -> None:
    """Sets one key from `fit.epochs=50`; an index reaches into a list, as in `model.layers.0.units=32`."""
    name, equals, text = override.partition("=")
    path = tuple(int(part) if part.isdecimal() else part for part in name.strip().split("."))
    if not equals or "" in path:
        raise UsageError(f"--set {override}: expected KEY=VALUE, such as --set fit.epochs=50.")
    try:
        value = toml.value(text)
    except tomllib.TOMLDecodeError:
        word = f" Text needs quotes: --set {name}=\"'{text}'\"." if text.strip(" \"'") else ""
        raise UsageError(f"--set {override}: {text!r} is not a TOML value.{word}") from None
    experiment.overrides[path] = override

    holder: Any = experiment.config
    try:
        for depth, part in enumerate(path[:-1]):
            inner = _item(path[:depth], holder, part)
            if path[: depth + 1] == ("compile", "optimizer") and isinstance(inner, str):
                inner = holder[part] = {"type": inner}  # so that compile.optimizer.learning_rate=0.1 has a place to go
            holder = inner
        _item(path[:-1], holder, path[-1])
    except LookupError as error:
        experiment.refuse(path, str(error))
    holder[path[-1]] = value


def _item(path: toml.Path, holder: Any, part: str | int) -> Any:
    """What `holder` has under `part`: a fresh table where nothing is yet, a LookupError where nothing can be."""
    if isinstance(holder, list) and isinstance(part, int) and part < len(holder):
        return holder[part]
    if isinstance(holder, dict) and isinstance(part, str):
        return holder.setdefault(part, {})
    if isinstance(holder, list):
        raise LookupError(f"{dotted(path)} has the entries 0 to {len(holder) - 1}; got {part!r}.")
    raise LookupError(f"{dotted(path)} is no table and has no key {str(part)!r}; it is {holder!r}.")


def _why_unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        beside = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, beside, n=1)
        return f"no such file.{f' Did you mean {path.parent / close[0]}?' if close else ''}"
    if isinstance(error, UnicodeDecodeError):
        return "not a text file in UTF-8, as TOML must be."
    return f"can't be read: {error.strerror or error}."
