"""`.keras` files: a zip of the config as JSON, the weights as h5, and what some layers keep in files of their own.

    metadata.json       which version of Keras reads it, and when it was saved
    config.json         what `serialize_keras_object(model)` gives: architecture, and what `compile` was given
    model.weights.h5    all variables, the optimiser's too
    assets/...          what `save_assets` wrote

The same as a folder is what `zipped=False` writes, and what model hubs hold.

Source: https://keras.io/guides/serialization_and_saving/
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any

from jaxnn.core import registry
from jaxnn.saving import h5
from jaxnn.saving.atomic import replacing
from jaxnn.saving.legacy_config import archive_config
from jaxnn.saving.state import Assets, load_state, save_state
from jaxnn.saving.store import H5Storage

METADATA, CONFIG, WEIGHTS, ASSETS = "metadata.json", "config.json", "model.weights.h5", "assets"
KERAS_VERSION = "3.15.1"  # whose format this is
_IN_MEMORY = 1 << 26  # bytes of weights that need no temporary file
_SUSPICIOUS_BYTES, _MOST_COMPRESSED = 1 << 28, 100


# --- writing -------------------------------------------------------------------------------------------------------------


def write_archive(model: Any, file: Any, skip: tuple = ()) -> None:
    """Writes a model to a binary file object.

    Args:
        model: the model.
        file: open for writing.
        skip: parts whose state is left out.
    """
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(METADATA, _metadata())
        archive.writestr(CONFIG, config_text(model))
        with tempfile.TemporaryDirectory() as folder, tempfile.SpooledTemporaryFile(_IN_MEMORY) as weights:
            _write_state(model, weights, folder, skip)
            weights.seek(0)
            with archive.open(WEIGHTS, "w", force_zip64=True) as member:
                shutil.copyfileobj(weights, member, 1 << 20)
            for path, name in _files(folder):
                archive.write(path, f"{ASSETS}/{name}")


def write_folder(model: Any, folder: str, skip: tuple = ()) -> None:
    """Writes a model to a folder. Each file is replaced at one blow; the folder as a whole is not."""
    os.makedirs(folder, exist_ok=True)
    for name, text in ((METADATA, _metadata()), (CONFIG, config_text(model))):
        with replacing(os.path.join(folder, name)) as beside, open(beside, "w", encoding="utf-8") as file:
            file.write(text)
    with tempfile.TemporaryDirectory() as assets:
        with replacing(os.path.join(folder, WEIGHTS)) as beside:
            _write_state(model, beside, assets, skip)
        for path, name in _files(assets):
            target = os.path.join(folder, ASSETS, *name.split("/"))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with replacing(target) as beside:
                shutil.copyfile(path, beside)


def _write_state(model: Any, weights: Any, assets: str, skip: tuple) -> None:
    import h5py

    with h5py.File(weights, "w") as file:
        save_state(model, H5Storage(file), Assets(assets), skip)


def config_text(model: Any) -> str:
    """The config of a model as JSON; what is shared in the model is shared in the one that is loaded."""
    return json.dumps(registry.serialize_with_sharing(model))


def _metadata() -> str:
    now = dt.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    return json.dumps({"keras_version": KERAS_VERSION, "date_saved": now})


def _files(folder: str) -> Iterator[tuple[str, str]]:
    """The files in a folder: their paths, and their names in it with slashes."""
    for where, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(where, name)
            yield path, os.path.relpath(path, folder).replace(os.sep, "/")


# --- reading -------------------------------------------------------------------------------------------------------------


def read_archive(file: Any, what: str, custom_objects: dict | None, compile: bool, safe_mode: bool) -> Any:
    """The model of a `.keras` file.

    Args:
        file: a path or a binary file object.
        what: how messages call it.
        custom_objects: names in the config that mean the caller's classes and functions.
        compile: whether to compile it as it was.
        safe_mode: refuse lambdas, which are code.

    Raises:
        ValueError: if the file is damaged, isn't a model's, or its weights don't fit its config.
    """
    with _opened(file, what) as archive:
        text, metadata = (_member(archive, n, what).decode("utf-8", errors="replace") for n in (CONFIG, METADATA))
        model = model_of(text, what, custom_objects, compile, safe_mode, metadata)
        with weights_of(archive, what) as weights, tempfile.TemporaryDirectory() as folder:
            assets = _extract_assets(archive, folder, what)
            load_state(model, weights, assets, what=f"load_model of '{what}'")
    return model


def read_folder(folder: str, custom_objects: dict | None, compile: bool, safe_mode: bool) -> Any:
    """The model of a folder; see `read_archive`."""
    texts = []
    for name in (CONFIG, METADATA):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            texts.append(file.read())
    model = model_of(texts[0], folder, custom_objects, compile, safe_mode, texts[1])
    assets = os.path.join(folder, ASSETS)
    with h5.reading(os.path.join(folder, WEIGHTS), os.path.join(folder, WEIGHTS)) as file:
        load_state(
            model, H5Storage(file), Assets(assets) if os.path.isdir(assets) else None, what=f"load_model of '{folder}'"
        )
    return model


def model_of(
    text: str, what: str, custom_objects: dict | None, compile: bool, safe_mode: bool, metadata: str = "{}"
) -> Any:
    """The model of a config as JSON, with new weights; the metadata say whether it is Keras 2's."""
    try:
        config, version = json.loads(text), json.loads(metadata).get("keras_version", "")
    except (ValueError, AttributeError) as error:
        raise ValueError(f"'{what}': its {CONFIG} or {METADATA} is no JSON ({error}). The file is damaged.") from error
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(f"'{what}': its {CONFIG} describes no model. Write models with `model.save`.")
    if version.startswith("2."):
        config = archive_config(config)
    if not compile:
        config["compile_config"] = None
    return registry.deserialize_with_sharing(config, custom_objects, safe_mode)


@contextlib.contextmanager
def weights_of(file: Any, what: str) -> Iterator[H5Storage]:
    """The open weights of a `.keras` file: a path, a file object or an open archive."""
    with contextlib.ExitStack() as stack:
        archive = file if isinstance(file, zipfile.ZipFile) else stack.enter_context(_opened(file, what))
        copy = stack.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))
        with _damaged(what), archive.open(_checked(archive, WEIGHTS, what)) as member:
            shutil.copyfileobj(member, copy, 1 << 20)
        copy.seek(0)
        with _damaged(what):
            opened = stack.enter_context(h5.reading(copy, WEIGHTS))
        yield H5Storage(opened)


@contextlib.contextmanager
def _opened(file: Any, what: str) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file, "r")
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"'{what}' is not a zip archive, as `.keras` files are: it is cut short, damaged or of another kind. Save or "
            "copy it again."
        ) from error
    with archive:
        yield archive


@contextlib.contextmanager
def _damaged(what: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise ValueError(f"'{what}' is damaged: {error}. Save or copy it again.") from error


def _member(archive: zipfile.ZipFile, name: str, what: str) -> bytes:
    info = _checked(archive, name, what)
    with _damaged(what):
        return archive.read(info)


def _checked(archive: zipfile.ZipFile, name: str, what: str) -> zipfile.ZipInfo:
    """A member's entry, if it is there and not made to fill memory or disk."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ValueError(
            f"'{what}' has no '{name}' inside, so it is no model's file. Write models with `model.save`."
        ) from None
    if info.file_size > max(_SUSPICIOUS_BYTES, _MOST_COMPRESSED * info.compress_size):
        raise ValueError(
            f"Not allowed: '{name}' in '{what}' claims {info.file_size:,} bytes, but only {info.compress_size:,} are "
            "stored. The file is damaged, or made to fill the disk."
        )
    return info


def _extract_assets(archive: zipfile.ZipFile, folder: str, what: str) -> Assets | None:
    """Puts the assets into a folder; nothing is written outside it, whatever the names in the file."""
    names = [name for name in archive.namelist() if name.startswith(f"{ASSETS}/") and not name.endswith("/")]
    for name in names:
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts):
            raise ValueError(f"Not allowed: '{what}' has a file that would lie elsewhere: '{name}'.")
        target = os.path.join(folder, *parts)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with _damaged(what), archive.open(_checked(archive, name, what)) as source, open(target, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    return Assets(os.path.join(folder, ASSETS)) if names else None
