"""MobileNetV2: inverted residual blocks, narrow outside and wide inside, where a convolution works on each channel alone."""

from __future__ import annotations

from typing import Any

from jaxnn import layers
from jaxnn.applications import imagenet_utils
from jaxnn.applications.building import Arguments, WeightFile, build, halving_pad, image_size, sized
from jaxnn.applications.imagenet_utils import decode_predictions as decode_predictions
from jaxnn.core import check
from jaxnn.core.config import image_data_format
from jaxnn.core.graph import KerasTensor, is_keras_tensor
from jaxnn.core.registry import export
from jaxnn.models import Functional

_SIZES = (96, 128, 160, 192, 224)  # pixels, that Keras publishes weights for
_ALPHAS = (0.35, 0.50, 0.75, 1.0, 1.3, 1.4)
_BLOCKS = (  # channels before `alpha`, and the stride: the paper's table 2, row by row
    *((16, 1),),
    *((24, 2), (24, 1)),
    *((32, 2), (32, 1), (32, 1)),
    *((64, 2), (64, 1), (64, 1), (64, 1)),
    *((96, 1), (96, 1), (96, 1)),
    *((160, 2), (160, 1), (160, 1)),
    *((320, 1),),
)


@export("applications", also=("keras.applications.mobilenet_v2.MobileNetV2",))
def MobileNetV2(
    input_shape: tuple | None = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: KerasTensor | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Functional:
    """MobileNetV2: 53 layers for small machines, 3.5 million weights (2.3 million without the classifier).

    Its images go through `mobilenet_v2.preprocess_input` first.

    Args:
        input_shape: of an image, by default `(224, 224, 3)` with the classifier and of any size without it. Height and width
            are at least 32 pixels.
        alpha: how wide the network is: this share of the paper's channels, rounded to eights. ImageNet's weights are there
            for 0.35, 0.5, 0.75, 1, 1.3 and 1.4.
        include_top: whether the classifier stands on it. Without it the network gives features.
        weights: "imagenet", None for random ones, or a file's path, as from `save_weights` here or in Keras. ImageNet's are
            there for squares of 96, 128, 160, 192 and 224 pixels; for others those of 224 are taken, with a warning.
        input_tensor: a symbolic tensor to start from, instead of a new input.
        pooling: what becomes of the features' height and width: None keeps them, "avg" and "max" reduce over them. With the
            classifier it means nothing.
        classes: how many the classifier tells apart; 1,000 with ImageNet's weights.
        classifier_activation: the last layer's; None gives logits.
        name: the model's; None is "mobilenetv2_1.00_224" for this `alpha` and size.

    Shape:
        `(batch, height, width, 3)` -> `(batch, classes)`; without the classifier `(batch, height / 32, width / 32, 1280)`,
        rounded up, or `(batch, 1280)` with `pooling`; 1280 * alpha for an `alpha` above 1.

    Raises:
        ValueError: for weights that are neither known nor a file, a shape or an `alpha` that they don't fit, other classes or
            another activation than theirs; for an `input_tensor` whose height or width isn't `input_shape`'s.
        OSError: if ImageNet's weights aren't in `~/.keras/models` and can't be downloaded; the message has the address and
            the place.

    Example:
        >>> MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10).count_params()
        423018

    Source: arXiv:1801.04381, table 2; https://keras.io/api/applications/mobilenet/
    """
    arguments = Arguments(
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name
    )
    if weights == "imagenet":
        check.one_of("MobileNetV2", "alpha", float(alpha), _ALPHAS)
    given = input_tensor.shape[1:] if is_keras_tensor(input_tensor) else input_shape
    if input_shape is not None and image_size(given) != image_size(input_shape):
        raise ValueError(
            "MobileNetV2: the height and width of `input_tensor` must equal those of `input_shape`; got "
            f"input_tensor.shape={input_tensor.shape}, input_shape={input_shape}. Leave `input_shape` out."
        )
    arguments, size = sized(arguments, given, _SIZES)
    if name is None:
        arguments = arguments._replace(name=f"mobilenetv2_{alpha:0.2f}_{size}")
    ending = "" if include_top else "_no_top"
    file = WeightFile(
        "mobilenet_v2/", f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{size}{ending}.h5"
    )
    return build(arguments, lambda x: _body(x, alpha), file, default_size=size or 224)


def _body(x: KerasTensor, alpha: float) -> KerasTensor:
    x = layers.Conv2D(_eights(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
    x = layers.ReLU(6.0, name="Conv1_relu")(_batch_norm("bn_Conv1")(x))
    for i, (filters, stride) in enumerate(_BLOCKS):
        x = _block(x, _eights(int(filters * alpha)), stride, f"block_{i}_" if i else "expanded_conv_", expand=i > 0)
    last = _eights(1280 * max(1.0, alpha))  # a narrow network keeps its wide end, as the paper has it
    x = layers.Conv2D(last, 1, use_bias=False, name="Conv_1")(x)
    return layers.ReLU(6.0, name="out_relu")(_batch_norm("Conv_1_bn")(x))


def _block(inputs: KerasTensor, filters: int, stride: int, prefix: str, expand: bool) -> KerasTensor:
    """Six times the channels, a convolution of each alone, then few channels again; with a shortcut where shapes allow."""
    channels = inputs.shape[_axis()]
    x = inputs
    if expand:
        x = layers.Conv2D(6 * channels, 1, padding="same", use_bias=False, name=f"{prefix}expand")(x)
        x = layers.ReLU(6.0, name=f"{prefix}expand_relu")(_batch_norm(f"{prefix}expand_BN")(x))
    if stride == 2:
        x = layers.ZeroPadding2D(halving_pad(x, 3), name=f"{prefix}pad")(x)
    padding = "same" if stride == 1 else "valid"
    x = layers.DepthwiseConv2D(3, strides=stride, use_bias=False, padding=padding, name=f"{prefix}depthwise")(x)
    x = layers.ReLU(6.0, name=f"{prefix}depthwise_relu")(_batch_norm(f"{prefix}depthwise_BN")(x))
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{prefix}project")(x)
    x = _batch_norm(f"{prefix}project_BN")(x)
    return layers.Add(name=f"{prefix}add")([inputs, x]) if channels == filters and stride == 1 else x


def _batch_norm(name: str) -> layers.BatchNormalization:
    return layers.BatchNormalization(axis=_axis(), epsilon=1e-3, momentum=0.999, name=name)


def _axis() -> int:
    return -1 if image_data_format() == "channels_last" else 1


def _eights(channels: float) -> int:
    """The nearest multiple of eight, that isn't below 90 % of it."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


@export("applications.mobilenet_v2")
def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Images as MobileNetV2 was trained on them: pixels from -1 to 1. See `imagenet_utils.preprocess_input`."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")
