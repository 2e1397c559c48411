"""A config's tables turned into a compiled model. A table's keys are checked against the constructor they go to."""

from __future__ import annotations

import inspect
from typing import Any

import jaxnn as nn
from jaxnn.cli.experiment import Experiment, dotted
from jaxnn.cli.toml import Path
from jaxnn.core.check import nearest

_KIND_OF_ARGUMENT = {  # what a table in an argument of this name or ending describes
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "learning_rate": "optimizers.schedules",
    "layer": "layers",
    "cell": "layers",
}


def model(experiment: Experiment, features: int, outputs: int) -> Any:
    """The model of an experiment, built and compiled. The seed is set first, so that every run starts alike.

    Args:
        experiment: its config.
        features: numbers in one row of x.
        outputs: numbers in one row of y.

    Raises:
        UsageError: for a name, key or value that jaxnn doesn't take, and for layers that don't fit the data.
    """
    nn.utils.set_random_seed(experiment.config["seed"])
    at: Path = ("model", "layers")
    layers = [
        make(experiment, "layers", table, (*at, i)) for i, table in enumerate(experiment.config["model"]["layers"])
    ]
    try:
        built = nn.Sequential(layers, name=experiment.name if experiment.name.isidentifier() else None)
        if not built.built:
            built.build((None, features))
        given, wanted = tuple(built.input_shape), tuple(built.output_shape)
    except (AttributeError, NotImplementedError, TypeError, ValueError) as error:
        experiment.refuse(at, f"these layers can't be stacked: {first_line(error)}")
    if given != (None, features):
        experiment.refuse((*at, 0), f"the data have {features} features a day; the first layer expects {given[1:]}.")
    if wanted != (None, outputs):
        task = experiment.config["data"]["task"]
        experiment.refuse(
            (*at, len(layers) - 1),
            f"the last layer must give {outputs} number{'s' * (outputs > 1)} a day for the task {task!r}; "
            f"it gives {wanted[1:]}. Set its units to {outputs}.",
        )
    spec = experiment.config["compile"]
    built.compile(
        optimizer=_named(experiment, "optimizers", spec["optimizer"], ("compile", "optimizer")),
        loss=_named(experiment, "losses", spec["loss"], ("compile", "loss")),
        metrics=[_named(experiment, "metrics", m, ("compile", "metrics", i)) for i, m in enumerate(spec["metrics"])],
    )
    return built


def callbacks(experiment: Experiment) -> list[Any]:
    """The callbacks that the config lists."""
    tables = experiment.config["fit"]["callbacks"]
    return [make(experiment, "callbacks", table, ("fit", "callbacks", i)) for i, table in enumerate(tables)]


def make(experiment: Experiment, kind: str, table: dict[str, Any], at: Path) -> Any:
    """The object that `{ type = "Dense", units = 16 }` describes; tables within it likewise.

    Args:
        experiment: for the place in a message.
        kind: the namespace to look `type` up in, such as "layers" or "optimizers.schedules".
        table: `type` and the constructor's arguments.
        at: the table's path in the config.
    """
    cls = _class(experiment, kind, table.get("type"), (*at, "type"))
    known = arguments(cls)
    kwargs = {name: value for name, value in table.items() if name != "type"}
    for name, value in kwargs.items():
        here = (*at, name)
        if name not in known:
            hint = nearest(name, known) or f" Its arguments are {', '.join(known)}."
            experiment.refuse(here, f"unknown key {dotted(here)}: {cls.__name__} takes no {name!r}.{hint}")
        _check_type(experiment, cls, name, value, known[name], here)
        if isinstance(value, dict):
            kwargs[name] = _inner(experiment, cls, name, value, here)
        if name == "input_shape" and isinstance(value, list):
            kwargs[name] = tuple(value)
    missing = [name for name, default in known.items() if default is inspect.Parameter.empty and name not in kwargs]
    if missing:
        experiment.refuse(at, f"{dotted(at)}: {cls.__name__} needs {' and '.join(missing)}.")
    try:
        return cls(**kwargs)
    except (TypeError, ValueError) as error:
        experiment.refuse(at, f"{dotted(at)}: {first_line(error)}")


def arguments(cls: type) -> dict[str, Any]:
    """Every keyword that a constructor takes with its default, those it passes on to its base classes included."""
    found: dict[str, Any] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        for p in parameters:
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
                found.setdefault(p.name, p.default)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    if issubclass(cls, nn.layers.Layer):
        found.setdefault("input_shape", None)  # every first layer takes it, as in Keras
    return found


def _class(experiment: Experiment, kind: str, name: Any, at: Path) -> type:
    namespace: Any = nn
    for part in kind.split("."):
        namespace = getattr(namespace, part)
    found = getattr(namespace, name, None) if isinstance(name, str) and not name.startswith("_") else None
    if not isinstance(found, type):
        one = kind.rpartition(".")[2].removesuffix("s")
        known = [k for k, _ in inspect.getmembers(namespace, inspect.isclass) if not k.startswith("_")]
        experiment.refuse(at, f"{dotted(at)}: there is no {one} {name!r}.{nearest(name, known)}")
    return found


def _check_type(experiment: Experiment, cls: type, name: str, value: Any, default: Any, here: Path) -> None:
    """Refuses what can't be right by the default's type; the constructor judges the rest."""
    if isinstance(default, bool) and not isinstance(value, bool):
        experiment.refuse(here, f"{dotted(here)}: {cls.__name__} takes true or false; got {value!r}.")
    number = isinstance(default, int | float) and not isinstance(default, bool)
    if number and (isinstance(value, bool | str)):
        experiment.refuse(here, f"{dotted(here)}: {cls.__name__} takes a number, such as {default!r}; got {value!r}.")


def _inner(experiment: Experiment, cls: type, name: str, table: dict[str, Any], here: Path) -> Any:
    kind = _KIND_OF_ARGUMENT.get(name) or _KIND_OF_ARGUMENT.get(name.rpartition("_")[2])
    if kind is None or "type" not in table:
        needs = "a table needs the key `type`" if kind else f"{cls.__name__}'s {name!r} takes no table"
        experiment.refuse(here, f"{dotted(here)}: {needs}; got {table!r}.")
    return make(experiment, kind, table, here)


def _named(experiment: Experiment, kind: str, value: Any, at: Path) -> Any:
    """An optimizer, loss or metric: an object from a table, or the name as `compile` takes it, known to exist."""
    if isinstance(value, dict):
        return make(experiment, kind, value, at)
    if kind == "metrics" and value in (
        "accuracy",
        "acc",
        "crossentropy",
        "ce",
    ):  # what they mean depends on the targets
        return value
    try:
        getattr(nn, kind).get(value)
    except ValueError as error:
        experiment.refuse(at, f"{dotted(at)}: {first_line(error)}")
    return value


def first_line(error: Exception) -> str:
    """The first line of an exception's message, which is the sentence of fact."""
    return str(error).strip().partition("\n")[0]
