"""Summaries: scalars, histograms and images in the form in which TensorBoard shows them.

Source: tensorboard/plugins/{scalar,histogram,image}/summary_v2.py
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from jaxnn.callbacks.event_file import strings, tensor, value

_BUCKETS = 30
_IMAGES = 3  # of a stack, as many are shown


def scalar(tag: str, number: float) -> bytes:
    """A point of a curve."""
    return value(tag, tensor(np.asarray(number, "float32")), "scalars")


def histogram(tag: str, array: Any) -> bytes:
    """How values are distributed: rows of a bucket's left edge, right edge and count."""
    return value(tag, tensor(buckets(np.asarray(array, "float64").ravel())), "histograms")


def image(tag: str, images: np.ndarray) -> bytes:
    """The first three of a stack of images, white where a value is 1 or more and black where it is 0 or less.

    Shape: (images, height, width, 1, 3 or 4 channels)
    """
    pixels = np.clip(np.asarray(images, "float32") * 255.5, 0, 255).astype("uint8")
    size = [str(pixels.shape[2]).encode(), str(pixels.shape[1]).encode()]
    return value(tag, strings([*size, *map(png, pixels[:_IMAGES])]), "images")


def keras_model(tag: str, json: str) -> bytes:
    """A model's architecture, for the conceptual graph."""
    return value(tag, strings(json.encode()), "graph_keras_model", b"1")


def buckets(values: np.ndarray) -> np.ndarray:
    """Equal buckets from the least value to the largest; of equal values the last bucket has all.

    Shape: (values,) → (30, 3)
    """
    values = values[np.isfinite(values)]
    if values.size == 0:
        return np.zeros((_BUCKETS, 3))
    low, high = values.min(), values.max()
    edges = np.linspace(low, high, _BUCKETS + 1)
    counts = np.zeros(_BUCKETS)
    if low == high:
        counts[-1] = values.size
    else:
        index = np.floor((values - low) / ((high - low) / _BUCKETS)).astype(int)
        counts += np.bincount(np.minimum(index, _BUCKETS - 1), minlength=_BUCKETS)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def png(pixels: np.ndarray) -> bytes:
    """A PNG file.

    Shape: (height, width, 1, 3 or 4 channels), of bytes

    Source: https://www.w3.org/TR/png-3/
    """
    height, width, channels = pixels.shape
    colour = {1: 0, 3: 2, 4: 6}[channels]
    rows = pixels.reshape(height, width * channels)
    unfiltered = np.concatenate([np.zeros((height, 1), "uint8"), rows], axis=1)  # each row begins with its filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(unfiltered.tobytes())), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
