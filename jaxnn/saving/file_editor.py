"""KerasFileEditor: looks into a file of weights, compares it with a model, and changes it."""

from __future__ import annotations

import json
import zipfile
from typing import Any

import numpy as np

from jaxnn.core import walk
from jaxnn.saving import archive, h5
from jaxnn.saving.atomic import replacing
from jaxnn.saving.paths import path_of
from jaxnn.saving.store import put


class KerasFileEditor:
    """The weights of a file as nested dictionaries, to be looked at, compared, changed and saved again.

    Objects (layers, optimisers) are named by their paths, such as "layers/dense_1", or by the last part of the path alone
    where that is unique; their weights are "0", "1", ... as a rule. The file itself stays as it is.

    Args:
        filepath: a `.keras` or `.weights.h5` file.

    Attributes:
        weights_dict: the weights by objects' names, one dictionary inside the other.
        config, metadata: those of a `.keras` file, or None.

    Raises:
        ValueError: for a file of another kind, and for one whose data lie elsewhere.

    Example:
        >>> editor = KerasFileEditor("model.weights.h5")
        >>> editor.rename_object("layers/dense_1", "dense_3")
        >>> sorted(editor.weights_dict["layers"])
        ['dense', 'dense_3']
        >>> editor.save("renamed.weights.h5")

    Source: https://keras.io/guides/serialization_and_saving/ (`keras.saving.KerasFileEditor`)
    """

    def __init__(self, filepath: Any):
        self.filepath = path_of(filepath, "KerasFileEditor")
        self.config = self.metadata = None
        if self.filepath.endswith(".keras"):
            with archive.weights_of(self.filepath, self.filepath) as weights:
                self.weights_dict = _objects(weights.file)
            with zipfile.ZipFile(self.filepath) as file:
                self.config, self.metadata = (json.loads(file.read(n)) for n in (archive.CONFIG, archive.METADATA))
        elif self.filepath.endswith(".weights.h5"):
            with h5.reading(self.filepath, self.filepath) as file:
                self.weights_dict = _objects(file)
        else:
            raise ValueError(
                f"Invalid filename: expected a `.keras` or `.weights.h5` extension. Received: filepath={self.filepath}"
            )

    # --- looking -------------------------------------------------------------------------------------------------------

    def summary(self) -> None:
        """Prints the objects of the file, with the shapes and dtypes of their weights."""
        print(f"Weights structure of '{self.filepath}'")
        _print(self.weights_dict, "  ")

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Compares the weights with a model's: prints what differs.

        Args:
            reference_model: the model, built.

        Returns:
            'status' ("success" or "error"), 'error_count' and 'match_count': the numbers of differences, where an object
            that is missing is one, and of weights that agree in place and shape.
        """
        errors: list[str] = []
        matches = _compare(self.weights_dict, _spec(reference_model), "", errors)
        print(f"Comparing '{self.filepath}' with model '{reference_model.name}'")
        for error in errors:
            print(f"  {error}")
        print(f"  {matches} weight(s) agree, {len(errors)} difference(s) found")
        return {"status": "error" if errors else "success", "error_count": len(errors), "match_count": matches}

    # --- changing ------------------------------------------------------------------------------------------------------

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Gives an object another name.

        Args:
            object_name: its path, or the last part of it.
            new_name: the new last part.
        """
        if "/" in new_name:
            raise ValueError(f"`new_name` should be a leaf name, not a full path. Received: new_name='{new_name}'")
        holder, name = self._find(object_name)
        holder[new_name] = holder.pop(name)

    def delete_object(self, object_name: str) -> None:
        """Takes an object out, with what is inside it."""
        holder, name = self._find(object_name)
        del holder[name]

    def add_object(self, object_path: str, weights: dict[str, Any]) -> None:
        """Puts an object in.

        Args:
            object_path: its whole path; the object around it must be there.
            weights: such as `{"0": kernel, "1": bias}`.
        """
        outer, _, name = object_path.rpartition("/")
        holder = self._at(outer) if outer else self.weights_dict
        holder[name] = _arrays(weights)

    def add_weights(self, object_name: str, weights: dict[str, Any]) -> None:
        """Gives an object further weights, or other ones.

        Args:
            object_name: its path, or the last part of it.
            weights: such as `{"1": bias}`.
        """
        holder, name = self._find(object_name)
        holder[name].update(_arrays(weights))

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Takes a weight out of an object."""
        holder, name = self._find(object_name)
        if weight_name not in holder[name]:
            raise ValueError(
                f"Weight {weight_name} not found in object {object_name}. Weights found: {list(holder[name])}"
            )
        del holder[name][weight_name]

    def save(self, filepath: Any) -> None:
        """Writes the weights to a `.weights.h5` file, which is replaced at one blow."""
        import h5py

        path = path_of(filepath, "KerasFileEditor.save")
        if not path.endswith(".weights.h5"):
            raise ValueError(
                f"Invalid `filepath` argument: expected a `.weights.h5` extension. Received: filepath={path}"
            )
        with replacing(path) as beside, h5py.File(beside, "w") as file:
            _write(file, self.weights_dict, "")

    def resave_weights(self, filepath: Any) -> None:
        """Another name for `save`."""
        self.save(filepath)

    # --- finding -------------------------------------------------------------------------------------------------------

    def _find(self, name: str) -> tuple[dict, str]:
        """The dictionary that an object stands in, and its name there."""
        if "/" in name:
            outer, _, last = name.rpartition("/")
            holder = self._at(outer)
            if last not in holder:
                raise ValueError(f"Path '{name}' not found in the file. `summary()` lists what there is.")
            return holder, last
        found = [holder for holder in _dictionaries(self.weights_dict) if name in holder]
        if len(found) > 1:
            raise ValueError(f"Name '{name}' occurs more than once in the file. Pass the complete path.")
        if not found:
            raise ValueError(f"Name '{name}' does not appear in the file. `summary()` lists what there is.")
        return found[0], name

    def _at(self, path: str) -> dict:
        place = self.weights_dict
        for name in path.split("/"):
            if not isinstance(place.get(name), dict):
                raise ValueError(f"Path '{path}' not found in the file. `summary()` lists what there is.")
            place = place[name]
        return place


def _objects(group: Any) -> dict[str, Any]:
    """A group's objects and, from its `vars`, weights. What has none is left out."""
    found: dict[str, Any] = {}
    for name in group:
        inner = h5.group(group, name)
        if name == "vars":
            found.update({key: h5.array(inner, key) for key in inner})
        elif objects := _objects(inner):
            found[name] = objects
    return found


def _spec(model: Any) -> dict[str, Any]:
    """The weights that a model would write, in the same form."""
    spec: dict[str, Any] = {}
    for path, part in walk.walk(model, for_files=True):
        store: dict[str, Any] = {}
        if hasattr(part, "save_own_variables"):
            part.save_own_variables(store)
        if store:
            place = spec
            for name in path.split("/") if path else ():
                place = place.setdefault(name, {})
            place.update(store)
    return spec


def _compare(mine: dict, reference: dict, path: str, errors: list[str]) -> int:
    """Notes differences; gives the number of weights that agree."""
    matches = 0
    for name in [*reference, *(name for name in mine if name not in reference)]:
        inner = f"{path}/{name}" if path else name
        if name not in mine:
            errors.append(f"'{inner}' is in the model, but not in the file: {_contents(reference[name])}")
        elif name not in reference:
            errors.append(f"'{inner}' is in the file, but not in the model: {_contents(mine[name])}")
        elif isinstance(mine[name], dict) and isinstance(reference[name], dict):
            matches += _compare(mine[name], reference[name], inner, errors)
        elif np.shape(mine[name]) != np.shape(reference[name]):
            errors.append(f"'{inner}' has shape {np.shape(mine[name])}, the model's {np.shape(reference[name])}")
        else:
            matches += 1
    return matches


def _contents(value: Any) -> str:
    return f"it contains {list(value)}" if isinstance(value, dict) else f"its shape is {np.shape(value)}"


def _arrays(weights: Any) -> dict[str, np.ndarray]:
    if not isinstance(weights, dict):
        raise ValueError(
            "Argument `weights` should be a dict where keys are weight names (usually '0', '1', etc.) and values are NumPy "
            f"arrays. Received: {type(weights)}"
        )
    return {name: np.asarray(value) for name, value in weights.items()}


def _dictionaries(place: dict) -> list[dict]:
    return [place, *(d for value in place.values() if isinstance(value, dict) for d in _dictionaries(value))]


def _write(file: Any, place: dict, path: str) -> None:
    for name, value in place.items():
        if isinstance(value, dict):
            _write(file, value, f"{path}{name}/")
        else:
            put(file, f"{path}vars", name, value)


def _print(place: dict, indent: str) -> None:
    for name, value in place.items():
        if isinstance(value, dict):
            print(f"{indent}{name}")
            _print(value, f"{indent}  ")
        else:
            print(f"{indent}{name}: shape={value.shape}, dtype={value.dtype}")
