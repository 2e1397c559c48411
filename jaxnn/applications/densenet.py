"""DenseNet: blocks in which each convolution sees what all before it gave, side by side."""

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

_HASHES = {  # with the classifier, and without it
    "densenet121": ("9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"),
    "densenet169": ("d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"),
    "densenet201": ("1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"),
}
_GROWTH = 32  # channels that each convolution adds


@export("applications", also=("keras.applications.densenet.DenseNet121",))
def DenseNet121(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "densenet121",
) -> Functional:
    """DenseNet of 121 layers, 8 million weights.

    Arguments, shapes and errors are `ResNet50`'s, with 1024 features, and channels must be last. Its images go through
    `densenet.preprocess_input` first.

    Raises:
        ValueError: also where `config.image_data_format()` is "channels_first".

    Example:
        >>> DenseNet121(include_top=False, weights=None, pooling="avg").output_shape
        (None, 1024)

    Source: arXiv:1608.06993, table 1; https://keras.io/api/applications/densenet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _densenet(arguments, "densenet121", (6, 12, 24, 16))


@export("applications", also=("keras.applications.densenet.DenseNet169",))
def DenseNet169(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "densenet169",
) -> Functional:
    """DenseNet of 169 layers, 14 million weights, 1664 features. Otherwise as `DenseNet121`.

    Source: arXiv:1608.06993, table 1; https://keras.io/api/applications/densenet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _densenet(arguments, "densenet169", (6, 12, 32, 32))


@export("applications", also=("keras.applications.densenet.DenseNet201",))
def DenseNet201(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    input_shape: tuple | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "densenet201",
) -> Functional:
    """DenseNet of 201 layers, 20 million weights, 1920 features. Otherwise as `DenseNet121`.

    Source: arXiv:1608.06993, table 1; https://keras.io/api/applications/densenet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    return _densenet(arguments, "densenet201", (6, 12, 48, 32))


def _densenet(arguments: Arguments, variant: str, depths: tuple[int, ...]) -> Functional:
    if image_data_format() == "channels_first":
        raise ValueError(
            "DenseNet does not support the `channels_first` image data format. Call "
            "config.set_image_data_format('channels_last') first."
        )

    def body(x: KerasTensor) -> KerasTensor:
        x = layers.ZeroPadding2D(3)(x)
        x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
        x = _normalized(x, "conv1_bn", "conv1_relu")
        x = layers.ZeroPadding2D(1)(x)
        x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
        for block, depth in enumerate(depths, 2):
            for i in range(1, depth + 1):
                x = _grown(x, f"conv{block}_block{i}")
            if block < 5:
                x = _halved(x, f"pool{block}")
        return _normalized(x, "bn", "relu")

    ending = "" if arguments.include_top else "_notop"
    file = WeightFile(
        "densenet/",
        f"{variant}_weights_tf_dim_ordering_tf_kernels{ending}.h5",
        _HASHES[variant][0 if arguments.include_top else 1],
    )
    return build(arguments, body, file, pool_names=("avg_pool", "max_pool"))


def _normalized(x: KerasTensor, name: str, activation_name: str) -> KerasTensor:
    x = layers.BatchNormalization(axis=3, epsilon=1.001e-5, name=name)(x)
    return layers.Activation("relu", name=activation_name)(x)


def _grown(x: KerasTensor, name: str) -> KerasTensor:
    """x, and beside it the channels that a convolution makes of it, by way of a narrow one."""
    new = _normalized(x, f"{name}_0_bn", f"{name}_0_relu")
    new = layers.Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = _normalized(new, f"{name}_1_bn", f"{name}_1_relu")
    new = layers.Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(new)
    return layers.Concatenate(axis=3, name=f"{name}_concat")([x, new])


def _halved(x: KerasTensor, name: str) -> KerasTensor:
    """Half the channels at half the size."""
    channels = x.shape[3] // 2
    x = _normalized(x, f"{name}_bn", f"{name}_relu")
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_conv")(x)
    return layers.AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


@export("applications.densenet")
def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Images as DenseNet was trained on them: colours of mean 0 and deviation 1. See `imagenet_utils.preprocess_input`."""
    return imagenet_utils.preprocess_input(x, data_format, mode="torch")
