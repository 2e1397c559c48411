"""Weights alone in files: `save_weights` and `load_weights`.

In a `.weights.h5` file each part's own variables are `<path>/vars/0`, `1`, ... along `core/walk.py`, and those of a
compiled model's optimiser `optimizer/vars/0`, ...
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

from jaxnn.saving import archive, h5, legacy, orbax, shards
from jaxnn.saving.atomic import replacing
from jaxnn.saving.paths import is_legacy, may_write, path_of
from jaxnn.saving.state import load_state, save_state
from jaxnn.saving.store import H5Storage


def save_weights(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    max_shard_size: float | None = None,
    objects_to_skip: Iterable[Any] | None = None,
) -> None:
    """Writes a model's weights. Whoever is killed meanwhile keeps the old file whole.

    Args:
        model: the model, built.
        filepath: ending in `.weights.h5`; with `max_shard_size` in `.weights.json`.
        overwrite: False asks before replacing a file, and raises where nobody can be asked.
        max_shard_size: the largest size of one file, in GiB: the weights go to several files beside a table of them.
        objects_to_skip: layers whose weights are left out, with what is inside them.

    Raises:
        ValueError: if the model isn't built, or the name ends otherwise.
        FileExistsError: if the file exists, `overwrite` is False and nobody can be asked.

    Example: `save_weights(model, "model.weights.h5")`

    Source: https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/
    """
    import h5py

    path = path_of(filepath, "save_weights")
    if not path.endswith(".weights.h5") and (max_shard_size is None or not path.endswith(".weights.json")):
        ending = "`.weights.h5`" if max_shard_size is None else "`.weights.json` when `max_shard_size` is specified"
        raise ValueError(f"The filename must end in {ending}. Received: filepath={path}")
    _require_built(model, "saving")
    path = path if max_shard_size is None else shards.table_path(path)
    if not may_write(path, overwrite):
        return
    skip = tuple(objects_to_skip or ())
    if max_shard_size is not None:
        with shards.writing(path, max_shard_size) as weights:
            save_state(model, weights, skip=skip)
        return
    with replacing(path) as beside, h5py.File(beside, "w") as file:
        save_state(model, H5Storage(file), skip=skip)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Reads weights into a built model.

    Args:
        model: the model.
        filepath: a `.weights.h5` or `.keras` file, a `.weights.json` beside its files, a `.h5` or `.hdf5` file of Keras 2
            (weights or a whole model), or a folder of Orbax's checkpoints.
        skip_mismatch: warn about parts that don't fit instead of raising, and leave them as they are.
        **kwargs: `objects_to_skip`: layers to leave as they are, for `.weights.h5` and `.weights.json`; `by_name`: for
            files of Keras 2, whether to find layers by their names instead of their order.

    Raises:
        ValueError: if the model isn't built, the file has another kind of name, or a part doesn't fit.
        FileNotFoundError: if there is no such file.
        OSError: if it is damaged.

    Source: https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/
    """
    path = path_of(filepath, "load_weights")
    skip = kwargs.pop("objects_to_skip", None)
    by_name = kwargs.pop("by_name", None)
    if kwargs:
        raise ValueError(f"Invalid keyword arguments: {kwargs}")
    if skip is not None and not path.endswith((".weights.h5", ".weights.json")):
        raise ValueError(f"`objects_to_skip` only supports loading '.weights.h5' files. Received: {path}")
    if by_name is not None and not is_legacy(path):
        raise ValueError(f"`by_name` only supports loading legacy '.h5' or '.hdf5' files. Received: {path}")
    if orbax.is_checkpoint(path):
        _require_built(model, "loading weights into")
        orbax.load_weights(model, path)
        return
    if not path.endswith((".weights.h5", ".weights.json", ".keras")) and not is_legacy(path):
        raise ValueError(
            f"File format not supported: filepath={path}. Weights are read from `.weights.h5`, `.weights.json`, `.keras` "
            "and Keras 2's `.h5` and `.hdf5`; TensorFlow's checkpoints are not."
        )
    _require_built(model, "loading weights into")
    if not os.path.exists(path):
        raise FileNotFoundError(f"load_weights: there is no file '{path}'.")
    if is_legacy(path):
        legacy.load_weights(model, path, bool(by_name), skip_mismatch)
        return
    opened = archive.weights_of(path, path) if path.endswith(".keras") else _weights_file(path)
    with opened as weights:
        if isinstance(weights, H5Storage) and "layer_names" in weights.file.attrs:  # Keras 2 let this be any name
            legacy.load_weights_in_order(weights.file, model, skip_mismatch)
            return
        load_state(model, weights, skip=skip or (), skip_mismatch=skip_mismatch, what=f"load_weights of '{path}'")


@contextlib.contextmanager
def _weights_file(path: str) -> Iterator[H5Storage | shards.ShardReader]:
    if path.endswith(".json"):
        with shards.reading(path) as reader:
            yield reader
        return
    with h5.reading(path, path) as file:
        yield H5Storage(file)


def _require_built(model: Any, what: str) -> None:
    if not model.built:
        raise ValueError(
            f"You are {what} a model that has not yet been built. Build it first: call it on some data, start it with "
            "an Input, or use `build()`."
        )
