"""ResNet: stacks of residual blocks, `x + f(x)`, where f narrows the channels, convolves, and widens them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn import layers
from jaxnn.applications import imagenet_utils
from jaxnn.applications.building import Arguments, WeightFile, build, channel_axis
from jaxnn.applications.imagenet_utils import decode_predictions
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.models import Functional

__all__ = ["ResNet50", "ResNet101", "ResNet152", "decode_predictions", "preprocess_input"]

_HASHES = {  # with the classifier, and without it
    "resnet50": ("2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"),
    "resnet101": ("f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21"),
    "resnet152": ("100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c"),
}
_EPSILON = 1.001e-5  # of every BatchNormalization in these networks


@export("applications", also=("keras.applications.resnet.ResNet50", "keras.applications.resnet50.ResNet50"))
def ResNet50(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "resnet50",
) -> Functional:
    """ResNet of 50 layers, 26 million weights (24 million without the classifier).

    Its images go through `resnet50.preprocess_input` first.

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
        `(batch, height, width, 3)` -> `(batch, classes)`; without the classifier `(batch, height / 32, width / 32, 2048)`,
        rounded up, or `(batch, 2048)` with `pooling`. With channels first the 3 and the 2048 stand behind the batch.

    Raises:
        ValueError: for weights that are neither known nor a file, a shape that they don't fit, other classes or another
            activation than theirs.
        OSError: if ImageNet's weights aren't in `~/.keras/models` and can't be downloaded; the message has the address and
            the place.

    Example:
        >>> ResNet50(include_top=False, weights=None, pooling="avg").output_shape
        (None, 2048)

    Source: arXiv:1512.03385, table 1; https://keras.io/api/applications/resnet/. The stride is in a block's first
    convolution, as in the paper, not in its second, as in later ones.
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _resnet(arguments, "resnet50", (3, 4, 6, 3))


@export("applications", also=("keras.applications.resnet.ResNet101",))
def ResNet101(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "resnet101",
) -> Functional:
    """ResNet of 101 layers, 45 million weights. Arguments, shapes and errors are `ResNet50`'s.

    Source: arXiv:1512.03385, table 1; https://keras.io/api/applications/resnet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _resnet(arguments, "resnet101", (3, 4, 23, 3))


@export("applications", also=("keras.applications.resnet.ResNet152",))
def ResNet152(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "resnet152",
) -> Functional:
    """ResNet of 152 layers, 60 million weights. Arguments, shapes and errors are `ResNet50`'s.

    Source: arXiv:1512.03385, table 1; https://keras.io/api/applications/resnet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _resnet(arguments, "resnet152", (3, 8, 36, 3))


def _resnet(arguments: Arguments, variant: str, depths: tuple[int, ...]) -> Functional:
    def body(x: KerasTensor) -> KerasTensor:
        x = normalized(convolved(x), "conv1")
        x = stem_pooling(x)
        for stack, (filters, depth) in enumerate(zip((64, 128, 256, 512), depths, strict=True), 2):
            for block in range(1, depth + 1):
                stride = 2 if block == 1 and stack > 2 else 1
                x = _block(x, filters, stride, project=block == 1, name=f"conv{stack}_block{block}")
        return x

    return build_resnet(arguments, variant, _HASHES[variant], body)


def build_resnet(
    arguments: Arguments, variant: str, hashes: tuple[str, str], body: Callable[[KerasTensor], KerasTensor]
) -> Functional:
    """A ResNet of either version, with its weights' file and the names at its end."""
    ending = "" if arguments.include_top else "_notop"
    name = f"{variant}_weights_tf_dim_ordering_tf_kernels{ending}.h5"
    file = WeightFile("resnet/", name, hashes[0 if arguments.include_top else 1])
    return build(arguments, body, file, pool_names=("avg_pool", "max_pool"))


def convolved(image: KerasTensor) -> KerasTensor:
    """The image, convolved to 64 channels of half its size."""
    x = layers.ZeroPadding2D(3, name="conv1_pad")(image)
    return layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)


def stem_pooling(x: KerasTensor) -> KerasTensor:
    """The maximum over 3 x 3 pixels, at half the size."""
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)


def batch_norm(name: str) -> layers.BatchNormalization:
    """A BatchNormalization as these networks have it."""
    return layers.BatchNormalization(axis=channel_axis(), epsilon=_EPSILON, name=f"{name}_bn")


def normalized(x: KerasTensor, name: str) -> KerasTensor:
    """`relu(batch_norm(x))`."""
    return layers.Activation("relu", name=f"{name}_relu")(batch_norm(name)(x))


def _block(x: KerasTensor, filters: int, stride: int, project: bool, name: str) -> KerasTensor:
    """`relu(shortcut + f(x))`; the shortcut is x, or a convolution of it where the shape changes."""
    shortcut = x
    if project:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        shortcut = batch_norm(f"{name}_0")(shortcut)
    x = layers.Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = normalized(x, f"{name}_1")
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = normalized(x, f"{name}_2")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = batch_norm(f"{name}_3")(x)
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.Activation("relu", name=f"{name}_out")(x)


@export("applications.resnet", also=("keras.applications.resnet50.preprocess_input",))
def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Images as ResNet was trained on them: BGR, each colour less its mean. See `imagenet_utils.preprocess_input`."""
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")
