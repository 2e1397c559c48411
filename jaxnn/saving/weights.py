"""`.weights.h5` files in Keras's layout, both ways.

A file is a tree of groups along `core/walk.py`; each part's own variables are `<path>/vars/0`, `1`, ..., and those of a
compiled model's optimiser `optimizer/vars/0`, ... A file is written beside its place and then moved there: whoever is
killed half-way keeps the old one.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.core import walk


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Writes a model's weights.

    Raises:
        ValueError: if the model isn't built or the name doesn't end in `.weights.h5`.
        FileExistsError: if the file exists and `overwrite` is False.
    """
    import h5py

    path = os.fspath(filepath)
    if not path.endswith(".weights.h5"):
        raise ValueError(f"The filename must end in `.weights.h5`. Received: filepath={path}")
    _require_built(model, "saving")
    if os.path.exists(path) and not overwrite:
        raise FileExistsError(f"save_weights: '{path}' exists already. Choose another name or pass overwrite=True.")
    folder = os.path.dirname(os.path.abspath(path))
    handle, beside = tempfile.mkstemp(prefix=".jaxnn-", suffix=".tmp", dir=folder)
    os.close(handle)
    try:
        with h5py.File(beside, "w") as file:
            for name, part in _parts(model):
                if hasattr(part, "save_own_variables"):
                    _write(file, name, part)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _parts(model: Any) -> Iterator[tuple[str, Any]]:
    yield from walk.walk(model, properties=True)
    if getattr(model, "optimizer", None) is not None:
        yield "optimizer", model.optimizer


def _write(file: Any, name: str, part: Any) -> None:
    group = file.require_group(f"{name}/vars" if name else "vars")
    if isinstance(getattr(part, "name", None), str):
        group.attrs["name"] = part.name
    store: dict[str, Any] = {}
    part.save_own_variables(store)
    for key, value in store.items():
        dataset = group.create_dataset(key, data=np.asarray(value))
        if np.asarray(value).dtype.name == "bfloat16":  # h5 sees two bytes of no kind; Keras too says which beside
            dataset.attrs["dtype"] = "bfloat16"


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Reads weights into a built model.

    Args:
        model: the model.
        filepath: a `.weights.h5` file.
        skip_mismatch: warn about parts that don't fit instead of raising, and leave them as they are.

    Raises:
        ValueError: if the model isn't built, the file has another kind of name, or a part doesn't fit.
        FileNotFoundError: if there is no such file.
    """
    import h5py

    path = os.fspath(filepath)
    if not path.endswith(".weights.h5"):
        raise ValueError(f"The filename must end in `.weights.h5`. Received: filepath={path}")
    _require_built(model, "loading into")
    if not os.path.exists(path):
        raise FileNotFoundError(f"load_weights: there is no file '{path}'.")
    problems = []
    with h5py.File(path, "r") as file:
        for name, part in _parts(model):
            if not hasattr(part, "load_own_variables") or (name == "optimizer" and "optimizer/vars" not in file):
                continue
            try:
                part.load_own_variables(_read(file, name))
            except Exception as error:
                problems.append(f"'{name or model.name}': {error}")
    if problems:
        message = f"load_weights: {len(problems)} part(s) of '{path}' don't fit the model. " + " ".join(problems)
        if not skip_mismatch:
            raise ValueError(message)
        warnings.warn(message, stacklevel=3)


def _read(file: Any, name: str) -> dict[str, np.ndarray]:
    place = f"{name}/vars" if name else "vars"
    if place not in file:
        return {}
    values = {}
    for key, dataset in file[place].items():
        value = dataset[()]
        if dataset.attrs.get("dtype") == "bfloat16":
            import ml_dtypes

            value = np.asarray(value).view(ml_dtypes.bfloat16)
        values[key] = value
    return values


def _require_built(model: Any, what: str) -> None:
    if not model.built:
        raise ValueError(
            f"You are {what} a model that has not yet been built. Build it first: call it on some data, start it with "
            "an Input, or use `build()`."
        )
