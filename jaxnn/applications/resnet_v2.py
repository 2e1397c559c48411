"""ResNetV2: residual blocks that normalise before each convolution, so that nothing stands in the way of `x + f(x)`."""

from __future__ import annotations

from typing import Any

from jaxnn import layers
from jaxnn.applications import imagenet_utils
from jaxnn.applications.building import Arguments
from jaxnn.applications.imagenet_utils import decode_predictions as decode_predictions
from jaxnn.applications.resnet import build_resnet, convolved, normalized, stem_pooling
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.models import Functional

_HASHES = {  # with the classifier, and without it
    "resnet50v2": ("3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917"),
    "resnet101v2": ("6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5"),
    "resnet152v2": ("a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33"),
}


@export("applications", also=("keras.applications.resnet_v2.ResNet50V2",))
def ResNet50V2(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "resnet50v2",
) -> Functional:
    """ResNetV2 of 50 layers, 26 million weights.

    Arguments, shapes and errors are `ResNet50`'s. Its images go through `resnet_v2.preprocess_input` first.

    Example:
        >>> ResNet50V2(include_top=False, weights=None, pooling="max").output_shape
        (None, 2048)

    Source: arXiv:1603.05027, figure 4 (e); https://keras.io/api/applications/resnet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _resnet_v2(arguments, "resnet50v2", (3, 4, 6, 3))


@export("applications", also=("keras.applications.resnet_v2.ResNet101V2",))
def ResNet101V2(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "resnet101v2",
) -> Functional:
    """ResNetV2 of 101 layers, 45 million weights. Arguments, shapes and errors are `ResNet50`'s.

    Source: arXiv:1603.05027, figure 4 (e); https://keras.io/api/applications/resnet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _resnet_v2(arguments, "resnet101v2", (3, 4, 23, 3))


@export("applications", also=("keras.applications.resnet_v2.ResNet152V2",))
def ResNet152V2(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "resnet152v2",
) -> Functional:
    """ResNetV2 of 152 layers, 60 million weights. Arguments, shapes and errors are `ResNet50`'s.

    Source: arXiv:1603.05027, figure 4 (e); https://keras.io/api/applications/resnet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _resnet_v2(arguments, "resnet152v2", (3, 8, 36, 3))


def _resnet_v2(arguments: Arguments, variant: str, depths: tuple[int, ...]) -> Functional:
    def body(x: KerasTensor) -> KerasTensor:
        x = stem_pooling(convolved(x))
        for stack, (filters, depth) in enumerate(zip((64, 128, 256, 512), depths, strict=True), 2):
            for block in range(1, depth + 1):
                stride = 2 if block == depth and stack < 5 else 1  # a stack ends by halving the size
                x = _block(x, filters, stride, project=block == 1, name=f"conv{stack}_block{block}")
        return normalized(x, "post")

    return build_resnet(arguments, variant, _HASHES[variant], body)


def _block(x: KerasTensor, filters: int, stride: int, project: bool, name: str) -> KerasTensor:
    """`shortcut + f(relu(batch_norm(x)))`; the shortcut is x, every second pixel of it, or a convolution."""
    active = normalized(x, f"{name}_preact")
    if project:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(active)
    else:
        shortcut = layers.MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(active)
    x = normalized(x, f"{name}_1")
    x = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = layers.Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = normalized(x, f"{name}_2")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return layers.Add(name=f"{name}_out")([shortcut, x])


@export("applications.resnet_v2")
def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Images as ResNetV2 was trained on them: pixels from -1 to 1. See `imagenet_utils.preprocess_input`."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")
