"""What the families have in common: the checks of their arguments, the image they start from, their end, their weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxnn import activations, layers
from jaxnn.core import check
from jaxnn.core.config import image_data_format, warn_once
from jaxnn.core.graph import KerasTensor, is_keras_tensor
from jaxnn.models import Functional
from jaxnn.utils.files import get_file
from jaxnn.utils.sources import get_source_inputs

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


class Arguments(NamedTuple):
    """What every family's function is called with."""

    include_top: bool
    weights: Any
    input_tensor: KerasTensor | None
    input_shape: tuple | None
    pooling: str | None
    classes: int
    classifier_activation: Any
    name: str | None


class WeightFile(NamedTuple):
    """A file that Keras publishes: where, and its hash, where Keras tells one."""

    folder: str
    name: str
    md5: str | None = None


def build(
    arguments: Arguments,
    body: Callable[[KerasTensor], KerasTensor],
    file: WeightFile,
    default_size: int = 224,
    min_size: int = 32,
    end: Callable[[KerasTensor], KerasTensor] | None = None,
    pool_names: tuple[str | None, str | None] = (None, None),
) -> Functional:
    """A network: image, body, classifier or pooling; with the weights that were asked for.

    Args:
        arguments: the user's.
        body: the layers between the image and the end.
        file: the weights that `weights="imagenet"` means.
        default_size, min_size: an image's height and width, in pixels.
        end: the layers between the body and the classifier; None averages over the image.
        pool_names: the names of the average and of the maximum over the image; None numbers them.

    Raises:
        ValueError: for arguments that don't go together.
        OSError: if the weights aren't there and can't be downloaded.
    """
    check_arguments(arguments)
    a = arguments
    shape = obtain_input_shape(a.input_shape, default_size, min_size, image_data_format(), a.include_top, a.weights)
    path = _fetch(file) if a.weights == "imagenet" else a.weights  # before the work of building: it may fail
    image = a.input_tensor if is_keras_tensor(a.input_tensor) else layers.Input(shape, tensor=a.input_tensor)
    x = body(image)
    if a.include_top:
        x = layers.GlobalAveragePooling2D(name=pool_names[0])(x) if end is None else end(x)
        x = layers.Dense(a.classes, activation=a.classifier_activation, name="predictions")(x)
    elif a.pooling == "avg":
        x = layers.GlobalAveragePooling2D(name=pool_names[0])(x)
    elif a.pooling == "max":
        x = layers.GlobalMaxPooling2D(name=pool_names[1])(x)
    model = Functional(image if a.input_tensor is None else get_source_inputs(image), x, name=a.name)
    if path is not None:
        model.load_weights(path)
    return model


def channel_axis() -> int:
    """The axis of images' channels, as a family's BatchNormalization has it."""
    return 3 if image_data_format() == "channels_last" else 1


def image_size(shape: tuple) -> tuple[int | None, int | None]:
    """Height and width of an image's shape, which has no batch."""
    return tuple(shape[:2] if image_data_format() == "channels_last" else shape[1:3])


def sized(arguments: Arguments, given: tuple | None, sizes: tuple[int, ...]) -> tuple[Arguments, int | None]:
    """The arguments with the image's shape, and the height that name and weights go by.

    Args:
        arguments: the user's.
        given: the shape that tells the usual size: where it is a square of one of `sizes`, that, and else 224 pixels.
        sizes: the squares that Keras publishes weights for; those of 224 stand in for others, with a warning.
    """
    check_arguments(arguments)
    a, default = arguments, 224
    if given is not None and len(given) == 3 and len({*image_size(given)}) == 1 and image_size(given)[0] in sizes:
        default = image_size(given)[0]
    shape = obtain_input_shape(a.input_shape, default, 32, image_data_format(), a.include_top, a.weights)
    height, width = image_size(shape)
    if a.weights == "imagenet" and (height != width or height not in sizes):
        height = 224
        warn_once(
            f"`input_shape` is undefined or non-square, or `rows` is not in {[*sizes]}. Weights for input shape (224, 224) "
            "will be loaded as the default."
        )
    return a._replace(input_shape=shape), height


def halving_pad(x: KerasTensor, kernel_size: int) -> tuple:
    """The zeros around an image that let a window of stride 2 and no padding halve its size, as "same" would in the middle."""
    behind = kernel_size // 2
    return tuple((behind - 1 if size is None else behind - 1 + size % 2, behind) for size in image_size(x.shape[1:]))


def check_arguments(arguments: Arguments) -> None:
    """Refuses what doesn't go together.

    Raises:
        ValueError: for weights that are neither known nor a file; for other classes or another activation than those that
            weights were trained with; for an unknown pooling.
    """
    a = arguments
    if a.weights is not None and a.weights != "imagenet" and not os.path.exists(a.weights):
        raise ValueError(
            "The `weights` argument should be either `None` (random initialization), 'imagenet' (pre-training on ImageNet), "
            f"or the path to the weights file to be loaded; got weights={a.weights}, and no such file is there."
        )
    if a.weights == "imagenet" and a.include_top and a.classes != 1000:
        raise ValueError(
            "If using `weights='imagenet'` with `include_top=True`, `classes` should be 1000; got "
            f"classes={a.classes}. For classes of your own take `include_top=False` and a Dense layer behind it."
        )
    if a.include_top:
        validate_activation(a.classifier_activation, a.weights)
    elif a.pooling:
        check.one_of(a.name, "pooling", a.pooling, (None, "avg", "max"))


def validate_activation(classifier_activation: Any, weights: Any) -> None:
    """Refuses an activation that trained weights know nothing of.

    Raises:
        ValueError: for anything but softmax and None, with weights.
    """
    known = (activations.get("softmax"), activations.get(None))
    if weights is not None and activations.get(classifier_activation) not in known:
        raise ValueError(
            "Only `None` and `softmax` activations are allowed for the `classifier_activation` argument when using pretrained "
            f"weights, with `include_top=True`; got classifier_activation={classifier_activation}."
        )


def obtain_input_shape(
    input_shape: Any,
    default_size: int | None,
    min_size: int,
    data_format: str,
    require_flatten: bool,
    weights: Any = None,
) -> tuple:
    """The shape of an image, the user's or the usual one; None where any size will do.

    Args:
        input_shape: the user's, or None.
        default_size, min_size: height and width, in pixels.
        data_format: "channels_last" or "channels_first".
        require_flatten: whether the network needs a known size.
        weights: "imagenet" needs three channels, and with a classifier the usual size.

    Raises:
        ValueError: for what isn't three numbers, is too small, or isn't what the weights need.
    """
    channels_first = data_format == "channels_first"

    def shape(channels: int, size: int | None) -> tuple:
        return (channels, size, size) if channels_first else (size, size, channels)

    default = shape(3, default_size)
    if input_shape:
        input_shape = tuple(input_shape)
        if len(input_shape) != 3:
            raise ValueError(f"`input_shape` must be a tuple of three integers; got input_shape={input_shape}.")
        channels = input_shape[0 if channels_first else 2]
        if weights == "imagenet":
            if require_flatten and input_shape != default:
                raise ValueError(
                    f"When setting `include_top=True` and loading `imagenet` weights, `input_shape` should be {default}; got "
                    f"input_shape={input_shape}. Resize the images, or take `include_top=False`."
                )
            if channels != 3:
                raise ValueError(f"The input must have 3 channels; got input_shape={input_shape}.")
        elif channels not in (1, 3):
            warn_once(
                "This model usually expects 1 or 3 input channels. However, it was passed an input_shape with "
                f"{channels} input channels."
            )
        if any(
            size is not None and size < min_size for size in (input_shape[1:] if channels_first else input_shape[:2])
        ):
            raise ValueError(f"Input size must be at least {min_size}x{min_size}; got input_shape={input_shape}.")
    else:
        input_shape = default if require_flatten else shape(3, None)
    if require_flatten and None in input_shape:
        raise ValueError(
            f"If `include_top` is True, you should specify a static `input_shape`; got input_shape={input_shape}."
        )
    return input_shape


def _fetch(file: WeightFile) -> str:
    try:
        return get_file(file.name, KERAS + file.folder + file.name, cache_subdir="models", file_hash=file.md5)
    except OSError as error:
        error.add_note(
            "The network's weights are a file of Keras's. `weights=None` builds the network without it, and `weights=path` "
            "reads a file from anywhere."
        )
        raise
