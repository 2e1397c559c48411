import doctest
import os
import struct
import zlib

import numpy as np
import pytest

from jaxnn.callbacks import event_file, summaries
from jaxnn.callbacks.event_file import EventFile


def test_the_example_runs():
    assert doctest.testmod(event_file).failed == 0


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"\x00" * 32, 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"", 0),
    ],
)
def test_checksums_are_those_of_the_standard(data, crc):
    """RFC 3720, appendix B.4."""
    assert event_file.crc32c(data) == crc


def test_a_record_is_its_length_and_its_data_with_their_masked_checksums(tmp_path):
    file = EventFile(str(tmp_path / "new"))
    assert os.listdir(tmp_path) == []  # nothing is there before the first event
    file.add(3, [summaries.scalar("loss", 0.5)])
    (name,) = os.listdir(tmp_path / "new")
    assert name.startswith("events.out.tfevents.")
    data = (tmp_path / "new" / name).read_bytes()
    records = []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        records.append(data[12 : 12 + length])
        for part, crc in ((data[:8], data[8:12]), (records[-1], data[12 + length : 16 + length])):
            rotated = (struct.unpack("<I", crc)[0] - 0xA282EAD8) % (1 << 32)
            assert (rotated << 15 | rotated >> 17) % (1 << 32) == event_file.crc32c(part)
        data = data[16 + length :]
    assert len(records) == 2
    assert b"brain.Event:2" in records[0]
    assert b"loss" in records[1]
    assert struct.pack("<f", 0.5) in records[1]


def test_two_files_of_a_folder_have_two_names(tmp_path):
    assert EventFile(str(tmp_path)).path != EventFile(str(tmp_path)).path


def test_steps_beyond_a_byte_and_below_zero_are_varints():
    assert event_file._varint(300) == b"\xac\x02"
    assert event_file._varint(-1) == b"\xff" * 9 + b"\x01"


def test_buckets_hold_all_values_between_the_least_and_the_largest():
    values = np.random.RandomState(0).normal(size=1000)
    buckets = summaries.buckets(values)
    assert buckets.shape == (30, 3)
    assert buckets[:, 2].sum() == 1000
    np.testing.assert_array_equal(buckets[1:, 0], buckets[:-1, 1])
    assert (buckets[0, 0], buckets[-1, 1]) == (values.min(), values.max())
    for left, right, count in buckets[:-1]:
        assert count == ((values >= left) & (values < right)).sum()


def test_equal_values_and_none_are_buckets_too():
    np.testing.assert_array_equal(summaries.buckets(np.full(5, 2.0))[-1], [2.0, 2.0, 5.0])
    assert summaries.buckets(np.full(5, 2.0))[:-1, 2].sum() == 0
    np.testing.assert_array_equal(summaries.buckets(np.array([np.nan, np.inf])), 0)
    assert summaries.buckets(np.array([np.nan, 1.0, 2.0]))[:, 2].sum() == 2


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_png_holds_the_pixels(channels):
    pixels = np.random.RandomState(0).randint(0, 256, (3, 5, channels)).astype("uint8")
    data = summaries.png(pixels)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (5, 3)
    begin = data.index(b"IDAT") + 4
    rows = np.frombuffer(zlib.decompress(data[begin:]), "uint8").reshape(3, 1 + 5 * channels)
    np.testing.assert_array_equal(rows[:, 0], 0)
    np.testing.assert_array_equal(rows[:, 1:].reshape(3, 5, channels), pixels)
