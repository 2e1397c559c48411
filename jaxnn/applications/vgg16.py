"""VGG16: thirteen convolutions of 3 x 3 pixels in five blocks, and three dense layers."""

from __future__ import annotations

from typing import Any

from jaxnn import layers
from jaxnn.applications import imagenet_utils
from jaxnn.applications.building import Arguments, WeightFile, build
from jaxnn.applications.imagenet_utils import decode_predictions
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.models import Functional

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

_FILES = {
    True: WeightFile("vgg16/", "vgg16_weights_tf_dim_ordering_tf_kernels.h5", "64373286793e3c8b2b4e3219cbf3544b"),
    False: WeightFile(
        "vgg16/", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc"
    ),
}


@export("applications", also=("keras.applications.vgg16.VGG16",))
def VGG16(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "vgg16",
) -> Functional:
    """VGG16: thirteen convolutions and three dense layers, 138 million weights (15 million without the dense layers).

    Its images go through `vgg16.preprocess_input` first.

    Args:
        include_top: whether the classifier stands on it. Without it the network gives features.
        weights: "imagenet", None for random ones, or a file's path, as from `save_weights` here or in Keras.
        input_tensor: a symbolic tensor to start from, instead of a new input.
        input_shape: of an image, by default `(224, 224, 3)` with the classifier and of any size without it. Height and width
            are at least 32 pixels.
        pooling: what becomes of the features' height and width: None keeps them, "avg" and "max" reduce over them. With the
            classifier it means nothing.
        classes: how many the classifier tells apart; 1,000 with ImageNet's weights.
        classifier_activation: the last layer's; None gives logits.
        name: the model's.

    Shape:
        `(batch, height, width, 3)` -> `(batch, classes)`; without the classifier `(batch, height / 32, width / 32, 512)`, or
        `(batch, 512)` with `pooling`. With channels first the 3 and the 512 stand behind the batch.

    Raises:
        ValueError: for weights that are neither known nor a file, a shape that they don't fit, other classes or another
            activation than theirs.
        OSError: if ImageNet's weights aren't in `~/.keras/models` and can't be downloaded; the message has the address and
            the place.

    Example:
        >>> VGG16(include_top=False, weights=None, input_shape=(64, 64, 3)).output_shape
        (None, 2, 2, 512)

    Source: arXiv:1409.1556, table 1, column D; https://keras.io/api/applications/vgg/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return build(arguments, lambda x: vgg_blocks(x, (2, 2, 3, 3, 3)), _FILES[bool(include_top)], end=vgg_end)


def vgg_blocks(x: KerasTensor, depths: tuple[int, ...]) -> KerasTensor:
    """Blocks of convolutions, each at half the size of the last one, and up to 512 channels.

    Args:
        x: images.
        depths: how many convolutions each block has.
    """
    for block, depth in enumerate(depths, 1):
        filters = min(64 * 2 ** (block - 1), 512)
        for i in range(1, depth + 1):
            x = layers.Conv2D(filters, 3, activation="relu", padding="same", name=f"block{block}_conv{i}")(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    return x


def vgg_end(x: KerasTensor) -> KerasTensor:
    """The two dense layers before the classifier."""
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(4096, activation="relu", name="fc1")(x)
    return layers.Dense(4096, activation="relu", name="fc2")(x)


@export("applications.vgg16")
def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Images as VGG16 was trained on them: BGR, each colour less its mean. See `imagenet_utils.preprocess_input`."""
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")
