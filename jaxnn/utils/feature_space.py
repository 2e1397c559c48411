"""FeatureSpace: the columns of a table, each encoded by its kind, as one vector a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from jaxnn import layers
from jaxnn.core import check, registry
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.saving.models import save_model
from jaxnn.utils.feature_columns import batches_of
from jaxnn.utils.feature_parts import Cross, Feature, TFDIdentity, made, one_hot_encoder


@export("utils")
class FeatureSpace(Layer):
    """Encodes a table's rows: normalizes, looks up, hashes, crosses, and puts all next to each other.

    `adapt` learns from the table; then rows, batches and datasets are encoded: `dataset.map(lambda x, y: (space(x), y))`.
    It runs on the host, before a model.

    Args:
        features: the columns: their names, and "float", "float_normalized", "float_rescaled", "float_discretized",
            "integer_categorical", "string_categorical", "integer_hashed", "string_hashed", or what the methods of these
            names give, or `FeatureSpace.feature(dtype, layer, output_mode)`.
        output_mode: "concat": one vector a row, the columns in the order of their names, crosses last; "dict": each by its
            name.
        crosses: tuples of names, or what `FeatureSpace.cross` gives.
        crossing_dim: how many bins combinations are hashed into, unless a cross says it.
        hashing_dim: how many bins hashed columns have, unless they say it.
        num_discretization_bins: how many intervals discretized columns have, unless they say it.
        name: of the layer.

    Raises:
        ValueError: for no features, an unknown kind or mode, or a cross of columns that aren't there; when called, before
            `adapt`, or on something that isn't a dict.

    Example:
        >>> space = FeatureSpace({"age": "float_normalized", "city": "string_categorical"})
        >>> space.adapt({"age": [20.0, 40.0], "city": ["Oslo", "Bern"]})
        >>> space({"age": 40.0, "city": "Bern"}).tolist()
        [1.0, 0.0, 0.0, 1.0]

    Source: https://keras.io/api/utils/feature_space/
    """

    _plain_config = True

    def __init__(
        self,
        features: dict[str, Any],
        output_mode: str = "concat",
        crosses: Sequence | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not features:
            raise ValueError(f"{check.name_of(self)}: The `features` argument cannot be None or empty.")
        self.output_mode = check.one_of(self, "output_mode", output_mode, ("dict", "concat"))
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.features = {name: self._feature(name, kind) for name, kind in features.items()}
        self.crosses = [self._cross(cross) for cross in crosses or ()]
        self.inputs = {
            name: layers.Input((1,), dtype=feature.dtype, name=name) for name, feature in self.features.items()
        }
        self.preprocessors = {name: feature.preprocessor for name, feature in self.features.items()}
        self.crossers = {
            cross.name: layers.HashedCrossing(cross.crossing_dim, name=cross.name) for cross in self.crosses
        }
        self.one_hot_encoders: dict[str, Layer] = {}
        self.encoded_features: Any = None
        self._is_adapted = False

    # --- kinds of columns ------------------------------------------------------------------------------------------------

    @classmethod
    def cross(cls, feature_names: Iterable[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Columns that are one category together, hashed into `crossing_dim` bins."""
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Layer, output_mode: str) -> Feature:
        """A column of a dtype that goes through a layer of one's own."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers that stay as they are."""
        return made("float", name, "float32", "float", TFDIdentity, dtype="float32")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """Numbers times `scale`, plus `offset`."""
        return made("float_rescaled", name, "float32", "float", layers.Rescaling, scale=scale, offset=offset)

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers less their mean, by their standard deviation."""
        return made("float_normalized", name, "float32", "float", layers.Normalization, axis=-1)

    @classmethod
    def float_discretized(
        cls, num_bins: int, bin_boundaries: Any = None, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Numbers by the interval that they fall into."""
        bins = {"num_bins": num_bins, "bin_boundaries": bin_boundaries}
        return made("float_discretized", name, "float32", output_mode, layers.Discretization, **bins)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Whole numbers that are names."""
        sizes = {"max_tokens": max_tokens, "num_oov_indices": num_oov_indices}
        return made("integer_categorical", name, "int32", output_mode, layers.IntegerLookup, **sizes)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Strings that are names."""
        sizes = {"max_tokens": max_tokens, "num_oov_indices": num_oov_indices}
        return made("string_categorical", name, "string", output_mode, layers.StringLookup, **sizes)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Strings by a hash below `num_bins`."""
        return made("string_hashed", name, "string", output_mode, layers.Hashing, num_bins=num_bins)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Whole numbers by a hash below `num_bins`."""
        return made("integer_hashed", name, "int32", output_mode, layers.Hashing, num_bins=num_bins)

    def _feature(self, name: str, kind: Any) -> Feature:
        if isinstance(kind, Feature):
            return kind
        if isinstance(kind, dict):
            return registry.deserialize_keras_object(kind)
        plain = ("float", "float_normalized", "float_rescaled", "integer_categorical", "string_categorical")
        sizes = {
            "float_discretized": self.num_discretization_bins,
            "integer_hashed": self.hashing_dim,
            "string_hashed": self.hashing_dim,
        }
        if kind in plain:
            return getattr(self, kind)(name=name)
        if kind in sizes:
            return getattr(self, kind)(sizes[kind], name=name)
        hint = check.nearest(kind, [*plain, *sizes])
        raise ValueError(f"{check.name_of(self)}: Invalid feature type: {kind}.{hint}")

    def _cross(self, cross: Any) -> Cross:
        if isinstance(cross, dict):
            cross = registry.deserialize_keras_object(cross)
        names = cross.feature_names if isinstance(cross, Cross) else tuple(cross)
        if not set(names) <= set(self.features):
            raise ValueError(
                f"{check.name_of(self)}: All features referenced in the `crosses` argument should be present in the "
                f"`features` dict. Received unknown features: {names}"
            )
        if not isinstance(cross, Cross) and not self.crossing_dim:
            raise ValueError(
                f"{check.name_of(self)}: When specifying `crosses`, the argument `crossing_dim` (dimensionality of the "
                "crossing space) should be specified as well."
            )
        return cross if isinstance(cross, Cross) else Cross(names, self.crossing_dim)

    # --- learning --------------------------------------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Learns means, intervals and vocabularies.

        Args:
            dataset: a dict of columns; or a dataset of such dicts, of rows or of batches, which is walked through once a
                column.

        Raises:
            ValueError: for anything else.
        """
        if not isinstance(dataset, dict) and (not hasattr(dataset, "__iter__") or iter(dataset) is dataset):
            raise ValueError(
                f"{check.name_of(self)}: `adapt()` can only be called on a dataset of dicts or a dict of arrays/lists. "
                f"Received instead: {dataset} (of type {type(dataset)})"
            )
        for name in self._adaptable():
            self.preprocessors[name].adapt(batches_of(dataset, name))
        self._is_adapted = True
        self.get_encoded_features()

    def _adaptable(self) -> list[str]:
        """Columns whose layers learn, and weren't told already."""
        return [
            name
            for name, layer in self.preprocessors.items()
            if hasattr(layer, "adapt")
            and getattr(layer, "input_mean", None) is None
            and not getattr(layer, "_has_input_vocabulary", False)
            and not (isinstance(layer, layers.Discretization) and layer.num_bins is None)
        ]

    def get_inputs(self) -> dict[str, Any]:
        """The columns as inputs of a functional model."""
        self.get_encoded_features()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """What becomes of them there, as a symbolic tensor, or a dict of such."""
        if not self._is_adapted and self._adaptable():
            raise ValueError(
                f"{check.name_of(self)}: You need to call `.adapt(dataset)` on the FeatureSpace before you can start using "
                "it."
            )
        if self.encoded_features is None:
            self.encoded_features = self._encoded(self.inputs)
            self.built = True
        return self.encoded_features

    # --- calls -----------------------------------------------------------------------------------------------------------

    def __call__(self, data: Any) -> Any:
        self.get_encoded_features()
        if not isinstance(data, dict):
            raise ValueError(
                f"{check.name_of(self)}: A FeatureSpace can only be called with a dict. Received: data={data} (of type "
                f"{type(data)})"
            )
        ranks = {name: np.ndim(data[name]) for name in self.features}
        columns = {name: np.asarray(data[name]).reshape(-1, 1) if ranks[name] < 2 else data[name] for name in ranks}
        encoded = self._encoded(columns)
        if max(ranks.values()):
            return encoded
        return encoded[0] if self.output_mode == "concat" else {name: x[0] for name, x in encoded.items()}

    def _encoded(self, columns: dict[str, Any]) -> Any:
        found = {name: self.preprocessors[name](x) for name, x in columns.items() if name in self.features}
        crossed = {c.name: self.crossers[c.name]([found[name] for name in c.feature_names]) for c in self.crosses}
        modes = {**self.features, **{cross.name: cross for cross in self.crosses}}
        encoded = {}
        for name, x in [*sorted(found.items()), *sorted(crossed.items())]:
            encoded[name] = self._one_hot(name, x) if modes[name].output_mode == "one_hot" else x
            if self.output_mode == "concat" and str(encoded[name].dtype).startswith(("int", "string")):
                raise ValueError(
                    f"{check.name_of(self)}: Cannot concatenate features because feature '{name}' has not been encoded (it "
                    f"has dtype {encoded[name].dtype}). Consider using `output_mode='dict'`."
                )
        if self.output_mode == "dict":
            return encoded
        parts = list(encoded.values())
        return layers.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]

    def _one_hot(self, name: str, x: Any) -> Any:
        if name not in self.one_hot_encoders:
            layer = self.preprocessors.get(name) or self.crossers[name]
            encoder = one_hot_encoder(check.name_of(self), name, layer, str(x.dtype))
            self.one_hot_encoders = {**self.one_hot_encoders, name: encoder}
        return self.one_hot_encoders[name](x)

    # --- configs and files -----------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with what was learned of intervals; the rest is in files."""
        return {
            "features": registry.serialize_keras_object(self.features),
            "output_mode": self.output_mode,
            "crosses": registry.serialize_keras_object(self.crosses),
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    def get_build_config(self) -> dict[str, Any]:
        """What each column's layer was built for."""
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds them again."""
        for name, shapes in config.items():
            if not self.preprocessors[name].built:
                self.preprocessors[name].build_from_config(shapes)
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Writes a `.keras` file, which `jaxnn.saving.load_model` reads."""
        save_model(self, filepath)

    def save_own_variables(self, store: Any) -> None:
        """Nothing: the columns' layers have what is kept."""

    def load_own_variables(self, store: Any) -> None:
        """Nothing."""
