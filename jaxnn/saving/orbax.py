"""Models in Orbax's checkpoints, in Keras's layout: folders of steps, written in the background and by several hosts.

    <folder>/<step>/pytree/         the state tree
    <folder>/<step>/paths/          the paths of its variables in their order, which a dictionary doesn't keep; ours alone
    <folder>/<step>/model_config/   the model's config as JSON; not there if weights alone were saved
    <folder>/<step>/assets/         the files that some layers keep, as arrays of bytes

Source: https://orbax.readthedocs.io/en/latest/; https://keras.io/api/callbacks/ (`keras.callbacks.OrbaxCheckpoint`)
"""

from __future__ import annotations

import os
import tempfile
import warnings
from typing import Any

import jax
import numpy as np

from jaxnn.core import walk
from jaxnn.saving import archive
from jaxnn.saving.state import Assets
from jaxnn.saving.state_tree import flat, groups, state_tree

_WEIGHTS = ("trainable_variables", "non_trainable_variables")


def library() -> Any:
    """The module `orbax.checkpoint`, whose part `v1` is what is used.

    Raises:
        ImportError: if it isn't installed.
    """
    try:
        import orbax.checkpoint as library
    except ImportError as error:
        raise ImportError(
            "OrbaxCheckpoint requires the 'orbax-checkpoint' package. You can install it via "
            "pip install 'jaxnn[orbax]'."
        ) from error
    return library


# --- writing -------------------------------------------------------------------------------------------------------------


def contents(model: Any, weights_only: bool) -> dict[str, Any]:
    """What a checkpoint of a model consists of, for `Checkpointer.save_checkpointables`."""
    tree = state_tree(model)
    paths = {kind: "\n".join(group) for kind, group in groups(model).items()}
    if weights_only:
        return {name: {kind: whole[kind] for kind in _WEIGHTS} for name, whole in (("pytree", tree), ("paths", paths))}
    result = {"pytree": tree, "paths": paths, "model_config": {"config": archive.config_text(model)}}
    assets = _assets(model)
    return {**result, "assets": assets} if assets else result


def _assets(model: Any) -> dict[str, Any]:
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path, part in walk.walk(model, for_files=True):
            if hasattr(part, "save_assets"):
                part.save_assets(Assets(folder).make(path))
        for where, _, names in os.walk(folder):
            place = result
            for name in os.path.relpath(where, folder).split(os.sep) if names and where != folder else ():
                place = place.setdefault(name, {})
            for name in names:
                place[name] = np.fromfile(os.path.join(where, name), "uint8")
    return result


# --- reading -------------------------------------------------------------------------------------------------------------


def is_checkpoint(path: str) -> bool:
    """Whether a path is a folder of checkpoints: it has folders whose names are steps."""
    return os.path.isdir(path) and any(
        name.isdigit() and os.path.isdir(os.path.join(path, name)) for name in os.listdir(path)
    )


def load_model(path: str, custom_objects: dict | None, compile: bool, safe_mode: bool) -> Any:
    """The model of the latest checkpoint in a folder.

    Raises:
        ValueError: if weights alone were saved, or they don't fit the config.
        ImportError: if Orbax isn't installed.
    """
    with _latest(path) as checkpoint:
        if "model_config" not in checkpoint.kinds:
            raise ValueError(
                f"'{path}': the checkpoint does not contain model configuration. It may have been saved with "
                "save_weights_only=True: make the model, and load its weights by `model.load_weights`."
            )
        text = checkpoint.load("model_config")["config"]
        model = archive.model_of(text, path, custom_objects, compile, safe_mode)
        checkpoint.give(model)
        if "assets" in checkpoint.kinds:
            _give_assets(model, checkpoint.load("assets"))
    return model


def load_weights(model: Any, path: str) -> None:
    """Gives a built model the weights of the latest checkpoint in a folder, and its optimizer's state if that is there.

    Raises:
        ValueError: if weights of the model are not in it, or have another shape.
        ImportError: if Orbax isn't installed.
    """
    with _latest(path) as checkpoint:
        checkpoint.give(model)


class _latest:
    """The latest checkpoint of a folder, while it is read."""

    def __init__(self, folder: str):
        self.folder = folder
        self._checkpointer = library().v1.training.Checkpointer(os.path.abspath(folder))

    def __enter__(self) -> _latest:
        latest = self._checkpointer.latest
        if latest is None:
            self._checkpointer.close()
            raise ValueError(f"No valid checkpoints found in {self.folder}")
        self._step = latest.step
        self.kinds = self._checkpointer.checkpointables_metadata(latest.step).metadata  # name -> what Orbax knows of it
        return self

    def __exit__(self, *_: Any) -> None:
        self._checkpointer.close()

    def load(self, kind: str, abstract: Any = None) -> Any:
        """One of its parts."""
        return self._checkpointer.load_checkpointables(self._step, {kind: abstract})[kind]

    def give(self, model: Any) -> None:
        """Assigns the variables of a model, on the default device, wherever they were saved."""
        sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        abstract = jax.tree.map(
            lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), self.kinds["pytree"]
        )
        tree = self.load("pytree", abstract)
        paths = self.load("paths") if "paths" in self.kinds else {}
        for kind, mine in groups(model).items():
            saved = flat(tree.get(kind) or {})
            if kind in paths:
                saved = {path: saved[path] for path in paths[kind].split("\n") if path}
                pairs = list(zip(mine.values(), saved.values(), strict=False)) if len(saved) == len(mine) else []
            else:
                named = {_short(path, kind, model.name): value for path, value in saved.items()}
                found = {path: _short(path, kind, model.name) for path in mine}
                pairs = [(mine[path], named[short]) for path, short in found.items() if short in named]
            self._check(kind, model, [v for v, _ in pairs])
            for variable, value in pairs:
                variable.assign(value)

    def _check(self, kind: str, model: Any, given: list[Any]) -> None:
        """Raises unless all weights of a kind are given; a missing optimizer's state is told, one of metrics begins anew."""
        given_ids = {id(variable) for variable in given}
        missing = [v.path for v in model.weights if v.trainable == (kind == _WEIGHTS[0]) and id(v) not in given_ids]
        if kind in _WEIGHTS and missing:
            raise ValueError(
                f"'{self.folder}': the checkpoint has nothing for {len(missing)} weight(s) of the model: "
                f"{', '.join(missing)}. It is another model's."
            )
        optimizer = getattr(model, "optimizer", None)
        if kind == "optimizer_variables" and optimizer is not None and len(given) < len(optimizer.variables):
            warnings.warn(
                f"'{self.folder}': the checkpoint lacks the state of the model's optimizer, or has another one's. The "
                "optimizer's state stays.",
                stacklevel=4,
            )


def _short(path: str, kind: str, name: str) -> str:
    """A path without the model's name, which the variables of a Sequential have in theirs until it is loaded from a file."""
    if kind != "optimizer_variables":
        return path.removeprefix(f"{name}/")
    owner, _, slot = path.partition("/")
    return f"{owner}/{slot.removeprefix(f'{name}_')}"


def _give_assets(model: Any, assets: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in flat(assets).items():
            if any(part in ("", ".", "..") or os.sep in part for part in name.split("/")):
                raise ValueError(
                    f"The checkpoint has a file of the name '{name}', which is none. It is damaged, or unsafe."
                )
            target = os.path.join(folder, *name.split("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            np.asarray(content, "uint8").tofile(target)
        for path, part in walk.walk(model, for_files=True):
            if hasattr(part, "load_assets"):
                part.load_assets(Assets(folder).find(path))
