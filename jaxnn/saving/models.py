"""Whole models in files: `save_model` and `load_model`."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any

from jaxnn.core import registry
from jaxnn.core.config import warn_once
from jaxnn.saving import archive, legacy, orbax
from jaxnn.saving.atomic import replacing
from jaxnn.saving.paths import is_legacy, may_write, path_of


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Writes a model to a file: architecture, weights, what it was compiled with and the optimiser's state.

    The file is written beside and then moved into place: whoever is killed meanwhile keeps the old one whole.

    Args:
        model: the model.
        filepath: ending in `.keras`, or in `.h5` for Keras 2's format; or a binary file object, open for writing.
        overwrite: False asks before replacing a file, and raises where nobody can be asked.
        zipped: False writes a folder instead of a `.keras` file; each of its files is replaced at one blow.
        **kwargs: `include_optimizer`: whether to write the optimiser's state (True); `save_format` of Keras 2, which is
            said by the name's ending now.

    Raises:
        ValueError: for a name that ends otherwise, or an argument that nobody knows.
        FileExistsError: if the file exists, `overwrite` is False and nobody can be asked.
        NotImplementedError: if a layer's class has no `get_config` and takes what can't be written.

    Example:
        >>> model = Sequential([Input((3,)), Dense(1)])
        >>> save_model(model, "model.keras")
        >>> twin = load_model("model.keras")
        >>> bool((twin(np.ones((1, 3))) == model(np.ones((1, 3)))).all())
        True

    Source: https://keras.io/api/models/model_saving_apis/model_saving_and_loading/
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    save_format = kwargs.pop("save_format", None)
    if kwargs:
        raise ValueError(f"The following argument(s) are not supported: {list(kwargs)}")
    skip = () if include_optimizer or model.optimizer is None else (model.optimizer,)
    if isinstance(filepath, io.IOBase):
        archive.write_archive(model, filepath, skip)
        return
    path = path_of(filepath, "save_model")
    if save_format:
        _check_save_format(path, save_format)
    _check_name(path, zipped)
    if not model.built:
        warnings.warn(
            "You are saving a model that has not yet been built. It might not contain any weights yet. Build it first by "
            "calling it on some data.",
            stacklevel=2,
        )
    if not may_write(path, overwrite):
        return
    if zipped is False:
        archive.write_folder(model, path, skip)
        return
    if is_legacy(path):
        warn_once(
            f"You are saving your model as an HDF5 file, '{path}'. This file format is considered legacy: it holds no "
            "subclassed models and no layers' own files. Use the native Keras format: `model.save('my_model.keras')`."
        )
        legacy.write_model(model, path, include_optimizer)
        return
    with replacing(path) as beside, open(beside, "wb") as file:
        archive.write_archive(model, file, skip)


def _check_save_format(path: str, save_format: Any) -> None:
    message = f"The `save_format` argument is deprecated in Keras 3. {{}} Received: save_format={save_format}"
    if not path.endswith((".h5", ".hdf5", ".keras")):
        raise ValueError(message.format("Remove it, and give the path a `.keras` or `.h5` extension."))
    warn_once(message.format("It is inferred from the file path: remove it."))


def _check_name(path: str, zipped: bool | None) -> None:
    if zipped is False and path.endswith(".keras"):
        raise ValueError(
            f"When using `zipped=False`, the `filepath` argument should not end in `.keras`. Received: filepath={path}"
        )
    if zipped is not False and not (path.endswith(".keras") or is_legacy(path)):
        raise ValueError(
            "Invalid filepath extension for saving. Add a `.keras` extension (or `.h5` for Keras 2's format); "
            f"`.weights.h5` is for `model.save_weights`. Received: filepath={path}."
        )


@registry.registered_only()
def load_model(filepath: Any, custom_objects: dict | None = None, compile: bool = True, safe_mode: bool = True) -> Any:
    """Reads a model that `save_model` wrote, here or in Keras.

    A file brings no code: the classes and functions that it names are ours, the caller's `custom_objects`, or what was
    registered by `register_keras_serializable`; no module is imported by a name in the file. The one exception is a
    Python `lambda`, whose code is in the file: it is refused, unless `safe_mode=False` says that the file is trusted.
    Then it runs as any code would, when the model is called.

    Args:
        filepath: a `.keras` file or folder, a folder of Orbax's checkpoints, or a `.h5` or `.hdf5` file; or a binary file object of
            a `.keras` file.
        custom_objects: names in the file that mean the caller's classes and functions.
        compile: whether to compile the model as it was, with the optimiser's state.
        safe_mode: whether to refuse lambdas.

    Raises:
        ValueError: if there is no such file, it is damaged, or has another format.
        TypeError: if it names a class or function that nobody registered.

    Example: `model = load_model("model.keras", custom_objects={"Swish2": Swish2})`

    Source: https://keras.io/api/models/model_saving_apis/model_saving_and_loading/
    """
    if isinstance(filepath, io.IOBase):
        return archive.read_archive(filepath, "the file", custom_objects, compile, safe_mode)
    path = path_of(filepath, "load_model")
    if os.path.isdir(path) and os.path.exists(os.path.join(path, archive.CONFIG)):
        return archive.read_folder(path, custom_objects, compile, safe_mode)
    if orbax.is_checkpoint(path):
        return orbax.load_model(path, custom_objects, compile, safe_mode)
    if path.endswith(".keras"):
        if not os.path.isfile(path):
            raise ValueError(
                f"File not found: filepath={path}. Please ensure the file is an accessible `.keras` zip file."
            )
        return archive.read_archive(path, path, custom_objects, compile, safe_mode)
    if is_legacy(path):
        return legacy.read_model(path, custom_objects, compile, safe_mode)
    raise ValueError(
        f"File format not supported: filepath={path}. Models are read from `.keras` files and folders, and from `.h5` and "
        "`.hdf5` files of Keras 2; TensorFlow's SavedModel is not."
    )
