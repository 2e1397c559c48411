"""Event files: what TensorBoard reads, written without TensorFlow.

A file is a row of records, and a record is

    length (uint64), masked CRC-32C of it (uint32), data, masked CRC-32C of the data (uint32), little-endian

The data is a protocol buffer, `Event`. The few messages that are needed are put together by hand: a message is a row of
fields, and a field is its number and kind in a varint, then a number, or a length and bytes.

Source: tensorflow/core/lib/io/record_writer.h; tensorboard/compat/proto/event.proto, summary.proto, tensor.proto.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from collections.abc import Sequence

import numpy as np

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5  # kinds of fields
_TYPES = {"float32": 1, "float64": 2}  # tensorflow.DataType
_STRING = 7
_files = itertools.count()


class EventFile:
    """A new event file of a folder. What is added is on disk at once, and no file stays open.

    Args:
        folder: made with the first event, as is the file.
    """

    def __init__(self, folder: str):
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_files):06d}.v2"
        self.path = os.path.join(folder, name)
        self._begun = False

    def add(self, step: int, values: Sequence[bytes]) -> None:
        """Writes what happened at a step.

        Args:
            step: on TensorBoard's axis.
            values: from `value`.
        """
        data = _record(_event(_varint_field(2, step), _field(5, b"".join(_field(1, value) for value in values))))
        if not self._begun:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            data = _record(_event(_field(3, b"brain.Event:2"))) + data
            self._begun = True
        with open(self.path, "ab") as file:
            file.write(data)


def value(tag: str, tensor: bytes, plugin: str, content: bytes = b"") -> bytes:
    """A `Summary.Value`: a named tensor for one of TensorBoard's plugins.

    Args:
        tag: its name.
        tensor: from `tensor` or `strings`.
        plugin: who shows it, such as 'scalars'.
        content: what the plugin wants to know.
    """
    metadata = _field(1, plugin.encode()) + (_field(2, content) if content else b"")
    return _field(1, tag.encode()) + _field(8, tensor) + _field(9, _field(1, metadata))


def tensor(array: np.ndarray) -> bytes:
    """A `TensorProto` of float32 or float64."""
    return _tensor(_TYPES[array.dtype.name], array.shape) + _field(
        4, array.astype(array.dtype.newbyteorder("<")).tobytes()
    )


def strings(items: Sequence[bytes] | bytes) -> bytes:
    """A `TensorProto` of one string, or of a list of them."""
    shape = () if isinstance(items, bytes) else (len(items),)
    return _tensor(_STRING, shape) + b"".join(_field(8, item) for item in ([items] if shape == () else items))


def _tensor(kind: int, shape: Sequence[int]) -> bytes:
    dimensions = b"".join(_field(2, _varint_field(1, size)) for size in shape)
    return _varint_field(1, kind) + _field(2, dimensions)


def _event(*fields: bytes) -> bytes:
    return _varint(1 << 3 | _EIGHT_BYTES) + struct.pack("<d", time.time()) + b"".join(fields)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint_field(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    result = bytearray()
    number &= (1 << 64) - 1  # a negative one as its two's complement
    while number > 127:
        result.append(number & 127 | 128)
        number >>= 7
    result.append(number)
    return bytes(result)


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


def _masked_crc(data: bytes) -> bytes:
    """CRC-32C, rotated and moved, since a CRC of data that hold a CRC is weak."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def crc32c(data: bytes) -> int:
    """The checksum by Castagnoli's polynomial.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'

    Source: RFC 3720, appendix B.4
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _table() -> list[int]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _table()
