"""A model's state, to and from files: every part's variables, and the files ("assets") that some parts keep.

Which parts there are, and their paths, says `core/walk.py`. Whoever wants to store something else than its weights
overrides `save_own_variables(store)` and `load_own_variables(store)`, or has `save_assets(folder)` and
`load_assets(folder)`.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable
from typing import Any

from jaxnn.core import walk
from jaxnn.core.layer import Layer


class Assets:
    """The folders of parts that keep files.

    Args:
        folder: of all of them.
    """

    def __init__(self, folder: str):
        self.folder = folder

    def make(self, path: str) -> str:
        """The folder of the part at a path, which is there then."""
        folder = os.path.join(self.folder, *path.split("/"))
        os.makedirs(folder, exist_ok=True)
        return folder

    def find(self, path: str) -> str | None:
        """The folder of the part at a path, or None."""
        folder = os.path.join(self.folder, *path.split("/"))
        return folder if os.path.isdir(folder) else None


def save_state(model: Any, weights: Any, assets: Assets | None = None, skip: Iterable[Any] = ()) -> None:
    """Puts the state of all parts into stores.

    Args:
        model: the model.
        weights: an H5Storage, or storage in several files.
        assets: where files go; None: nowhere.
        skip: parts to leave out, with what is inside them.
    """
    for path, part in walk.walk(model, for_files=True, skip=skip):
        if hasattr(part, "save_own_variables"):
            if isinstance(getattr(part, "name", None), str):
                weights.name(path, part.name)
            part.save_own_variables(weights.place(path))
        if assets is not None and hasattr(part, "save_assets"):
            part.save_assets(assets.make(path))


def load_state(
    model: Any,
    weights: Any,
    assets: Assets | None = None,
    skip: Iterable[Any] = (),
    skip_mismatch: bool = False,
    what: str = "load_weights",
) -> None:
    """Takes the state of all parts out of stores.

    A part that has several names is looked for under each until one fits.

    Args:
        model: the model.
        weights: see `save_state`.
        assets: where files are; None: nowhere.
        skip: parts to leave as they are, with what is inside them.
        skip_mismatch: warn about parts that don't fit, and leave them as they are, instead of raising.
        what: how messages begin.

    Raises:
        ValueError: if parts don't fit.
    """
    loader = _Loader(weights, assets, skip)
    loader.visit(model, "")
    missing = {key: path for key, (path, _) in loader.failed.items() if _lost_container(path, weights)}
    for path in sorted({_lost_container(path, weights) for path in missing.values()}):
        warnings.warn(
            f"Skipping nested container at '{path}': no matching group found in the saved file, as in files of a Keras "
            "that didn't save layers in lists of lists. The layers in it keep their initial weights.",
            stacklevel=2,
        )
    failed = [failure for key, failure in loader.failed.items() if key not in missing]
    if failed:
        told = " ".join(f"'{path or model.name}': {error}" for path, error in failed)
        message = f"{what}: {len(failed)} part(s) of the file don't fit the model. {told}"
        if not skip_mismatch:
            raise ValueError(message)
        warnings.warn(message, stacklevel=2)


class _Loader:
    """Loads parts while it walks through them."""

    def __init__(self, weights: Any, assets: Assets | None, skip: Iterable[Any]):
        self.weights, self.assets = weights, assets
        self.done = {id(part): part for part in skip}
        self.open: set[int] = set()  # parts around the one that is looked at
        self.failed: dict[int, tuple[str, Exception]] = {}

    def visit(self, part: Any, path: str) -> bool:
        """Loads a part and what is inside; says whether all of it has been found by now."""
        if id(part) in self.done or id(part) in self.open:
            return True
        self.open.add(id(part))
        whole = self._load(part, path)
        for inner, child in walk.children(part, path, for_files=True):
            whole = self.visit(child, inner) and whole
        self.open.remove(id(part))
        if whole:
            self.done[id(part)] = part
        return whole

    def _load(self, part: Any, path: str) -> bool:
        try:
            # what is no layer, such as an optimiser that the file knows nothing of, stays as it is
            if hasattr(part, "load_own_variables") and (isinstance(part, Layer) or self.weights.has(path)):
                part.load_own_variables(self.weights.place(path))
            if self.assets is not None and hasattr(part, "load_assets"):
                part.load_assets(self.assets.find(path))
        except Exception as error:
            self.failed.setdefault(id(part), (path, error))
            return False
        self.failed.pop(id(part), None)
        return True


def _lost_container(path: str, weights: Any) -> str | None:
    """The container around a path that isn't in the file, if there is one."""
    for match in re.finditer(r"/container(_\d+)?(?=/)", path):
        if not weights.has(path[: match.end()]):
            return path[: match.end()]
    return None
