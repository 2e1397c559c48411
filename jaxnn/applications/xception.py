"""Xception: convolutions that look at each channel alone and then mix them, in residual blocks."""

from __future__ import annotations

from typing import Any

from jaxnn import layers
from jaxnn.applications import imagenet_utils
from jaxnn.applications.building import Arguments, WeightFile, build
from jaxnn.applications.imagenet_utils import decode_predictions as decode_predictions
from jaxnn.core.config import image_data_format
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.models import Functional

_FILES = {
    True: WeightFile("xception/", "xception_weights_tf_dim_ordering_tf_kernels.h5", "0a58e3b7378bc2990ea3b43d5981f1f6"),
    False: WeightFile(
        "xception/", "xception_weights_tf_dim_ordering_tf_kernels_notop.h5", "b0042744bf5b25fce3cb969f33bebb97"
    ),
}


@export("applications", also=("keras.applications.xception.Xception",))
def Xception(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "xception",
) -> Functional:
    """Xception: 36 separable convolutions, 23 million weights.

    Arguments, features and errors are `ResNet50`'s; an image's usual shape is `(299, 299, 3)`, and it has at least 71 x 71
    pixels. It goes through `xception.preprocess_input` first.

    Example:
        >>> Xception(include_top=False, weights=None, pooling="avg").output_shape
        (None, 2048)

    Source: arXiv:1610.02357, figure 5; https://keras.io/api/applications/xception/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    top = bool(include_top)
    names = ("avg_pool" if top else None, None)
    return build(arguments, _body, _FILES[top], default_size=299, min_size=71, pool_names=names)


def _body(x: KerasTensor) -> KerasTensor:
    for i, (filters, stride) in enumerate(((32, 2), (64, 1)), 1):
        x = layers.Conv2D(filters, 3, strides=stride, use_bias=False, name=f"block1_conv{i}")(x)
        x = _batch_norm(f"block1_conv{i}_bn")(x)
        x = layers.Activation("relu", name=f"block1_conv{i}_act")(x)
    for block, filters in ((2, (128, 128)), (3, (256, 256)), (4, (728, 728))):
        x = _halved(x, block, filters)
    for block in range(5, 13):
        x = layers.Add()([_convolved(x, block, (728, 728, 728)), x])
    x = _halved(x, 13, (728, 1024))
    for i, filters in enumerate((1536, 2048), 1):
        x = _separable(x, 14, i, filters)
        x = layers.Activation("relu", name=f"block14_sepconv{i}_act")(x)
    return x


def _halved(x: KerasTensor, block: int, filters: tuple[int, ...]) -> KerasTensor:
    """A residual block at half the size, whose shortcut is a convolution."""
    shortcut = layers.Conv2D(filters[-1], 1, strides=2, padding="same", use_bias=False)(x)
    shortcut = _batch_norm(None)(shortcut)
    x = _convolved(x, block, filters)
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"block{block}_pool")(x)
    return layers.Add()([x, shortcut])


def _convolved(x: KerasTensor, block: int, filters: tuple[int, ...]) -> KerasTensor:
    for i, channels in enumerate(filters, 1):
        if (block, i) != (2, 1):  # what comes into block 2 has just been through a ReLU
            x = layers.Activation("relu", name=f"block{block}_sepconv{i}_act")(x)
        x = _separable(x, block, i, channels)
    return x


def _separable(x: KerasTensor, block: int, i: int, filters: int) -> KerasTensor:
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=f"block{block}_sepconv{i}")(x)
    return _batch_norm(f"block{block}_sepconv{i}_bn")(x)


def _batch_norm(name: str | None) -> layers.BatchNormalization:
    return layers.BatchNormalization(axis=-1 if image_data_format() == "channels_last" else 1, name=name)


@export("applications.xception")
def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Images as Xception was trained on them: pixels from -1 to 1. See `imagenet_utils.preprocess_input`."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")
