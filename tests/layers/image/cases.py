"""Every image layer, as the tests beside this file make it."""

import numpy as np

from jaxnn import layers
from jaxnn.core import registry
from jaxnn.layers.image.base import BaseImagePreprocessingLayer

SHAPE = (3, 7, 5, 3)  # batch, height, width, channels

ALIKE = {  # nothing is drawn
    "AutoContrast": {},
    "CenterCrop": {"height": 4, "width": 3},
    "ContrastLimitedAdaptiveHistogramEqualization": {"tile_grid_size": (2, 2)},
    "Equalization": {},
    "MaxNumBoundingBoxes": {"max_number": 2},
    "Resizing": {"height": 4, "width": 6},
}
GEOMETRY = {
    "RandomCrop": {"height": 4, "width": 3},
    "RandomElasticTransform": {"scale": 0.8},
    "RandomFlip": {},
    "RandomPerspective": {"scale": 0.5},
    "RandomRotation": {"factor": 0.3},
    "RandomShear": {"x_factor": 0.3, "y_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.3, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.3, "width_factor": (-0.2, 0.4)},
}
COLORS = {
    "RandomBrightness": {"factor": 0.3},
    "RandomColorDegeneration": {"factor": 0.6},
    "RandomColorJitter": {
        "brightness_factor": 0.2,
        "contrast_factor": 0.3,
        "saturation_factor": 0.3,
        "hue_factor": 0.2,
    },
    "RandomContrast": {"factor": 0.6},
    "RandomErasing": {"scale": (0.2, 0.6), "fill_value": 9},
    "RandomGaussianBlur": {"factor": 0.8, "sigma": (0.3, 0.9)},
    "RandomGrayscale": {},
    "RandomHue": {"factor": 0.4},
    "RandomInvert": {},
    "RandomPosterization": {"factor": 5},
    "RandomSaturation": {"factor": 0.4},
    "RandomSharpness": {"factor": 0.8},
    "Solarization": {"addition_factor": 0.3, "threshold_factor": 0.5},
}
MIXTURES = {"CutMix": {}, "MixUp": {"alpha": 0.8}}
COMPOSED = {"AugMix": {"num_chains": 2, "chain_depth": 2, "all_ops": False}, "RandAugment": {"num_ops": 1}}
RANDOM = {**GEOMETRY, **COLORS, **MIXTURES, **COMPOSED}
EVERY = {**ALIKE, **RANDOM}


def make(name, /, **kwargs):
    """The layer, with a seed if it draws."""
    seed = {"seed": 5} if name in RANDOM else {}
    return getattr(layers, name)(**{**EVERY[name], **seed, **kwargs})


def images(seed=0, shape=SHAPE):
    """Tones between 0 and 255."""
    return np.random.default_rng(seed).uniform(0, 255, shape).astype("float32")


def registered():
    """The names of all image layers."""
    found = registry.objects("layers").values()
    return {c.__name__ for c in found if isinstance(c, type) and issubclass(c, BaseImagePreprocessingLayer)}
