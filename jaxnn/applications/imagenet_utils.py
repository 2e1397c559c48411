"""What goes into a network of ImageNet's, and what comes out: pixels as it was trained on them, and classes by their names."""

from __future__ import annotations

import functools
import json
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.config import floatx, standardize_data_format
from jaxnn.core.dtypes import is_float_dtype, standardize_dtype
from jaxnn.core.graph import is_keras_tensor
from jaxnn.core.registry import export
from jaxnn.utils.files import get_file

_CLASSES = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
_CLASSES_MD5 = "c2c37ea517e94d9795004a39431a14cb"
_MEAN_RGB, _STD_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pixels, as shares of 255
_MEAN_BGR = (103.939, 116.779, 123.68)  # as Caffe's networks have it, of 255


@export("applications.imagenet_utils")
def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Pixels from 0 to 255 as a network was trained on them.

    * "caffe": RGB becomes BGR, and each colour loses its mean over ImageNet.
    * "tf": `x / 127.5 - 1`, from -1 to 1.
    * "torch": `(x / 255 - mean) / std`, with ImageNet's mean and standard deviation of each colour.

    A NumPy array of floats is written over, as in Keras: hand in a copy where the pixels are still needed. Everything else
    is left as it is. Whole numbers become `floatx()`; in Keras a tensor of them keeps its type, and is off by the mean's
    fraction.

    Args:
        x: images, RGB: a NumPy array, a tensor, or a symbolic tensor.
        data_format: "channels_last" or "channels_first"; None is `config.image_data_format()`.
        mode: "caffe", "tf" or "torch".

    Shape:
        `(height, width, 3)` or `(batch, height, width, 3)`, or with channels first; the output's is the same.

    Raises:
        ValueError: for another mode or data format.

    Example:
        >>> preprocess_input(np.array([[[255.0, 51, 0]]]), mode="tf").round(2).tolist()
        [[[1.0, -0.6, -1.0]]]
        >>> preprocess_input(np.array([[[255.0, 51, 0]]]), mode="caffe").round(1).tolist()  # 0 - 103.9 of blue comes first
        [[[-103.9, -65.8, 131.3]]]

    Source: https://keras.io/api/applications/, each family's `preprocess_input`
    """
    check.one_of("preprocess_input", "mode", mode, ("caffe", "tf", "torch"))
    check.one_of("preprocess_input", "data_format", data_format, (None, "channels_first", "channels_last"))
    if not isinstance(x, np.ndarray) and not is_keras_tensor(x):
        x = ops.convert_to_tensor(x)
    if not is_float_dtype(standardize_dtype(x.dtype)):
        x = x.astype(floatx()) if isinstance(x, np.ndarray) else ops.cast(x, floatx())
    elif isinstance(x, np.ndarray) and not x.flags.writeable:
        x = x.copy()
    if mode == "tf":
        x /= 127.5
        x -= 1.0
        return x
    channels_last = standardize_data_format(data_format) == "channels_last"
    if mode == "caffe":
        x = (np if isinstance(x, np.ndarray) else ops).flip(x, -1 if channels_last else -3)
        x -= _of_colours(_MEAN_BGR, x.dtype, channels_last)
        return x
    x /= 255.0
    x -= _of_colours(_MEAN_RGB, x.dtype, channels_last)
    x /= _of_colours(_STD_RGB, x.dtype, channels_last)
    return x


def _of_colours(values: tuple, dtype: Any, channels_last: bool) -> np.ndarray:
    return np.asarray(values, jnp.dtype(dtype)).reshape((3,) if channels_last else (3, 1, 1))


@export("applications.imagenet_utils")
def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple]]:
    """The classes that a network of ImageNet's finds most likely.

    The names are a file of Keras's, downloaded once into `~/.keras/models` and checked by its hash.

    Args:
        preds: shares of the 1,000 classes, `(samples, 1000)`.
        top: how many classes.

    Returns:
        For each sample `(WordNet's number, name, share)` of its likeliest classes, the likeliest first: `[[("n02504458",
        "African_elephant", 0.82), ...]]`.

    Raises:
        ValueError: for another shape.
        OSError: if the names aren't there and can't be downloaded; the message has the address and the place.

    Example: `decode_predictions(model.predict(preprocess_input(images)), top=3)`

    Source: https://keras.io/api/applications/
    """
    if len(np.shape(preds)) != 2 or np.shape(preds)[1] != 1000:
        raise ValueError(
            "`decode_predictions` expects a batch of predictions (i.e. a 2D array of shape (samples, 1000)); got shape "
            f"{np.shape(preds)}. A model of one's own classes has its own names for them."
        )
    path = get_file("imagenet_class_index.json", _CLASSES, cache_subdir="models", file_hash=_CLASSES_MD5)
    classes = _class_index(path)
    preds = ops.convert_to_numpy(preds)
    return [[(*classes[i], row[i]) for i in row.argsort()[::-1][:top]] for row in preds]


@functools.lru_cache(maxsize=1)
def _class_index(path: str) -> list[tuple[str, str]]:
    with open(path, encoding="utf-8") as file:
        index = json.load(file)
    return [tuple(index[str(i)]) for i in range(len(index))]
