"""VGG19: VGG16 with a fourth convolution in each of its last three blocks."""

from __future__ import annotations

from typing import Any

from jaxnn.applications import imagenet_utils
from jaxnn.applications.building import Arguments, WeightFile, build
from jaxnn.applications.imagenet_utils import decode_predictions as decode_predictions
from jaxnn.applications.vgg16 import vgg_blocks, vgg_end
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.models import Functional

_FILES = {
    True: WeightFile("vgg19/", "vgg19_weights_tf_dim_ordering_tf_kernels.h5", "cbe5617147190e668d6c5d5026f83318"),
    False: WeightFile(
        "vgg19/", "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", "253f8cb515780f3b799900260a226db6"
    ),
}


@export("applications", also=("keras.applications.vgg19.VGG19",))
def VGG19(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "vgg19",
) -> Functional:
    """VGG19: sixteen convolutions and three dense layers, 144 million weights.

    Arguments, shapes and errors are `VGG16`'s. Its images go through `vgg19.preprocess_input` first.

    Example:
        >>> VGG19(include_top=False, weights=None, pooling="avg").output_shape
        (None, 512)

    Source: arXiv:1409.1556, table 1, column E; https://keras.io/api/applications/vgg/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return build(arguments, lambda x: vgg_blocks(x, (2, 2, 4, 4, 4)), _FILES[bool(include_top)], end=vgg_end)


@export("applications.vgg19")
def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Images as VGG19 was trained on them: BGR, each colour less its mean. See `imagenet_utils.preprocess_input`."""
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")
