"""RandomColorJitter: brightness, contrast, saturation and hue, one after the other."""

from __future__ import annotations

from typing import Any

from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image.base import ColorLayer
from jaxnn.layers.image.brightness_contrast import RandomBrightness, RandomContrast
from jaxnn.layers.image.hue_saturation import RandomHue, RandomSaturation

_PARTS = {
    "brightness": RandomBrightness,
    "contrast": RandomContrast,
    "saturation": RandomSaturation,
    "hue": RandomHue,
}


@export("layers")
class RandomColorJitter(ColorLayer):
    """Changes brightness, contrast, saturation and hue of each image while training, in this order.

    Args:
        value_range: the least and the greatest value.
        brightness_factor: as `RandomBrightness` takes it; None leaves brightness as it is.
        contrast_factor: as `RandomContrast` takes it, or None.
        saturation_factor: as `RandomSaturation` takes it, or None.
        hue_factor: as `RandomHue` takes it, or None.
        seed: an int for changes that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same; three channels for saturation and hue.

    Raises:
        ValueError: as its parts.

    Example:
        >>> jitter = RandomColorJitter(brightness_factor=(0.2, 0.2), seed=1)
        >>> jitter(np.array([[[0.0, 100.0, 250.0]]])).ravel().tolist()
        [51.0, 151.0, 255.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_color_jitter/
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        self._start_stream(seed)
        settings = {
            "value_range": value_range,
            "seed": seed,
            "data_format": self.data_format,
            "dtype": self.dtype_policy,
        }
        for part, layer in _PARTS.items():
            factor = getattr(self, f"{part}_factor")
            setattr(self, f"random_{part}", None if factor is None else layer(factor, **settings))

    def build(self, input_shape: Any) -> None:
        """Builds the parts."""
        for layer in self._parts():
            layer.build(input_shape)

    def _parts(self) -> list[ColorLayer]:
        found = [getattr(self, f"random_{part}") for part in _PARTS]
        return [layer for layer in found if layer is not None]

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images in other colours; each part is drawn when its turn comes."""
        images = self._floats(images)
        for layer in self._parts() if training else ():
            images = layer.transform_images(images, layer.get_random_transformation(images, seed=self.generator))
        return images
