"""Decoding against keras.ops.ctc_decode, ties too, bit for bit. The loss: test_losses.py and test_ops.py."""

import keras
import numpy as np
import pytest

from jaxnn import ops

LENGTHS = np.array([6, 5, 1, 0])


def drawn(kind, seed=0):
    x = np.random.default_rng(seed).normal(size=(4, 6, 4)).astype("float32")
    return {"drawn": x, "rounded": np.round(x), "equal": np.zeros_like(x)}[kind]


@pytest.mark.parametrize("kind", ["drawn", "rounded", "equal"])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"merge_repeated": False, "mask_index": 2},
        {"mask_index": None},
        {"strategy": "beam_search", "beam_width": 4, "top_paths": 3},
        {"strategy": "beam_search", "beam_width": 2, "mask_index": None},
        {"strategy": "beam_search", "beam_width": 20, "top_paths": 2, "mask_index": 1},
    ],
    ids=str,
)
def test_decoded_labels_and_scores_equal_kerass_to_the_bit(kind, arguments):
    ours = ops.ctc_decode(drawn(kind), LENGTHS, **arguments)
    theirs = keras.ops.ctc_decode(drawn(kind), LENGTHS, **arguments)
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
