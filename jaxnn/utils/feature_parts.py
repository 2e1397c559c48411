"""What a FeatureSpace is made of: features, crosses, and the layers that encode their categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jaxnn import layers
from jaxnn.core import check, registry
from jaxnn.core.layer import Layer
from jaxnn.core.naming import auto_name

MODULE = "keras.src.layers.preprocessing.feature_space"  # under which Keras's files name the parts


class TFDIdentity(Layer):
    """A feature that stays as it is; named as in Keras's files."""

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs


class Feature:
    """What becomes of a column.

    Args:
        dtype: of the column: "float32", "int32" or "string".
        preprocessor: a layer.
        output_mode: "float" for what it gives, "int" for that too, "one_hot" to encode whole numbers.

    Raises:
        ValueError: for another mode.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str):
        self.output_mode = check.one_of("Feature", "output_mode", output_mode, ("int", "one_hot", "float"))
        if isinstance(preprocessor, dict):
            preprocessor = registry.deserialize_keras_object(preprocessor)
        self.dtype, self.preprocessor = dtype, preprocessor

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        preprocessor = registry.serialize_keras_object(self.preprocessor)
        return {"dtype": self.dtype, "preprocessor": preprocessor, "output_mode": self.output_mode}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Feature:
        """The feature of a config."""
        return cls(**config)


class Cross:
    """Columns that are one category together.

    Args:
        feature_names: of the columns.
        crossing_dim: how many bins their combinations are hashed into.
        output_mode: "one_hot" or "int".

    Raises:
        ValueError: for another mode.
    """

    def __init__(self, feature_names: Iterable[str], crossing_dim: int, output_mode: str = "one_hot"):
        self.output_mode = check.one_of("Cross", "output_mode", output_mode, ("int", "one_hot"))
        self.feature_names, self.crossing_dim = tuple(feature_names), crossing_dim

    @property
    def name(self) -> str:
        """The names of the columns with `_X_` between them."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Cross:
        """The cross of a config."""
        return cls(**config)


for _part in (TFDIdentity, Feature, Cross):
    registry.name_in_configs(_part, f"{MODULE}.{_part.__name__}")


def made(kind: str, name: str | None, dtype: str, output_mode: str, layer: Any, /, **arguments: Any) -> Feature:
    """A feature of one of the usual kinds, with a layer of its own that is named after it."""
    own_name = name or auto_name(kind)
    return Feature(dtype, layer(name=f"{own_name}_preprocessor", **arguments), output_mode)


def one_hot_encoder(who: str, name: str, layer: Layer, dtype: str) -> Layer:
    """The layer that encodes what a column's layer gives as zeros and a one.

    Args:
        who: the FeatureSpace, for messages.
        name: the column's, or the cross's.
        layer: of the column, by which the number of categories is known.
        dtype: of what it gives.

    Raises:
        ValueError: for what are no whole numbers, or for a layer that doesn't say how many there are.
    """
    if not dtype.startswith("int"):
        raise ValueError(
            f"{who}: Feature '{name}' has `output_mode='one_hot'`. Thus its preprocessor should return "
            f"an integer dtype. Instead it returns a {dtype} dtype."
        )
    if isinstance(layer, layers.IntegerLookup | layers.StringLookup):
        size = layer.vocabulary_size()
    elif isinstance(layer, layers.CategoryEncoding):
        size = layer.num_tokens
    elif isinstance(layer, layers.Discretization):
        size = len(layer.bin_boundaries) + 1 if layer.num_bins is None else layer.num_bins
    elif isinstance(layer, layers.HashedCrossing | layers.Hashing):
        size = layer.num_bins
    else:
        raise ValueError(
            f"{who}: Feature '{name}' has `output_mode='one_hot'`. However it isn't a standard feature "
            "and the dimensionality of its output space is not known, thus it cannot be one-hot encoded. Try using "
            "`output_mode='int'`."
        )
    return layers.CategoryEncoding(num_tokens=size, output_mode="multi_hot")
