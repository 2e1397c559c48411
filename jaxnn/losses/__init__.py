"""What training makes small. A function gives one value per prediction; the object weights, masks and averages them.

`loss="mse"` in `compile` means the function of that name, `losses.Huber(delta=2.0)` an object with arguments.
"""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry as _registry
from jaxnn.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from jaxnn.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
)
from jaxnn.losses.loss import Loss
from jaxnn.losses.margin import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from jaxnn.losses.probabilistic import KLDivergence, Poisson, kl_divergence, poisson
from jaxnn.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from jaxnn.losses.segmentation import Dice, Tversky, dice, tversky
from jaxnn.losses.similarity import Circle, circle
from jaxnn.losses.wrapper import LossFunctionWrapper


def get(identifier: Any) -> Any:
    """The loss that a name, a config, a class or a callable means; None stays None.

    Raises:
        ValueError: for an unknown name; the message names the nearest known one.

    Example:
        >>> losses.get("mse") is losses.mean_squared_error
        True
    """
    return _registry.get("losses", identifier)


def serialize(loss: Any) -> dict[str, Any]:
    """The config of a loss object or function, with Keras's module name."""
    return _registry.serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss of a config or name.

    Raises:
        ValueError: for an unknown name.
        TypeError: for a config of a class that nobody registered.
    """
    return _registry.deserialize("losses", name, custom_objects)


__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]
