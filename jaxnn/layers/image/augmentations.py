"""The augmentations that RandAugment and AugMix choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from jaxnn.layers.image.auto_contrast import AutoContrast
from jaxnn.layers.image.base import BaseImagePreprocessingLayer
from jaxnn.layers.image.brightness_contrast import RandomBrightness, RandomContrast
from jaxnn.layers.image.equalization import Equalization
from jaxnn.layers.image.grey import RandomColorDegeneration
from jaxnn.layers.image.rotation import RandomRotation
from jaxnn.layers.image.sharpness import RandomSharpness
from jaxnn.layers.image.shear import RandomShear
from jaxnn.layers.image.tones import RandomPosterization, Solarization
from jaxnn.layers.image.translation import RandomTranslation


class AugmentationLayer(BaseImagePreprocessingLayer):
    """A layer that applies others, each an attribute of its name. It has `factor`, `value_range` and `interpolation`."""

    factor: Any
    value_range: Any
    interpolation: str
    seed: int | None

    def _add(self, names: Sequence[str]) -> None:
        """Makes the layers; those that draw get seeds in this order, as in Keras."""
        for name in names:
            setattr(self, name, self._made(name))

    def _made(self, name: str) -> BaseImagePreprocessingLayer:
        factor = self.factor
        values: dict[str, Any] = {"value_range": self.value_range}
        between: dict[str, Any] = {"interpolation": self.interpolation}
        common: dict[str, Any] = {
            "data_format": self.data_format,
            "dtype": self.dtype_policy,
            "bounding_box_format": self.bounding_box_format,
        }
        seeded = {**common, "seed": self.seed}
        match name:
            case "random_shear":
                return RandomShear(factor, factor, **between, **seeded)
            case "random_translation":
                return RandomTranslation(factor, factor, **between, **seeded)
            case "random_rotation":
                return RandomRotation(factor, **between, **seeded)
            case "solarization":
                return Solarization(factor, factor, **values, **seeded)
            case "random_posterization":
                return RandomPosterization(max(1, int(8 * factor[1])), **values, **seeded)
            case "auto_contrast":
                return AutoContrast(**values, **common)
            case "equalization":
                return Equalization(**values, **common)
        return _BY_ONE_FACTOR[name](factor, **values, **seeded)

    def _build_all(self, names: Sequence[str], input_shape: Any) -> None:
        for name in names:
            getattr(self, name).build(input_shape)


_BY_ONE_FACTOR: dict[str, Any] = {
    "random_brightness": RandomBrightness,
    "random_color_degeneration": RandomColorDegeneration,
    "random_contrast": RandomContrast,
    "random_sharpness": RandomSharpness,
}


def one_of(index: Any, functions: Sequence[Callable], x: Any) -> Any:
    """The function of that number, called; where the number isn't known yet, chosen when the program runs."""
    if isinstance(index, jax.core.Tracer):
        return jax.lax.switch(index, functions, x)
    return functions[int(index)](x)
