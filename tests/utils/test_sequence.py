"""pad_sequences: what goes where, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn.utils import pad_sequences

SEQUENCES = st.lists(st.lists(st.integers(-9, 9), max_size=6), min_size=1, max_size=5)


def test_filling_goes_before_the_steps_and_the_first_steps_are_lost():
    assert pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist() == [[0, 1], [2, 3], [5, 6]]


def test_filling_and_cutting_at_the_end():
    padded = pad_sequences([[1], [4, 5, 6]], maxlen=2, padding="post", truncating="post", value=-1)
    assert padded.tolist() == [[1, -1], [4, 5]]


@given(SEQUENCES, st.sampled_from(["pre", "post"]), st.sampled_from(["pre", "post"]))
@settings(max_examples=30, derandomize=True, deadline=None)
def test_every_row_has_its_steps_in_order(sequences, padding, truncating):
    padded = pad_sequences(sequences, maxlen=4, padding=padding, truncating=truncating, value=99)
    for row, sequence in zip(padded.tolist(), sequences, strict=True):
        assert [x for x in row if x != 99] == (sequence[-4:] if truncating == "pre" else sequence[:4])


def test_steps_may_be_vectors_and_words():
    assert pad_sequences([[[1, 2]], [[3, 4], [5, 6]]]).shape == (2, 2, 2)
    words = pad_sequences([["a"], ["long", "word"]], dtype=object, value="-")
    assert words.tolist() == [["-", "a"], ["long", "word"]]
    assert pad_sequences([[1.5]], dtype="float32").dtype == np.float32


@pytest.mark.parametrize(
    ("sequences", "kwargs", "message"),
    [
        (5, {}, "`sequences` must be iterable"),
        ([1, 2], {}, "found non-iterable: 1"),
        ([[1]], {"value": "x"}, "`dtype` int32 is not compatible with `value`'s type"),
        ([[1]], {"padding": "left"}, "`padding` must be one of 'pre', 'post'"),
        ([[1]], {"truncating": "left"}, "`truncating` must be one of 'pre', 'post'"),
        ([[[1, 2]], [[1, 2, 3]]], {}, "of sequence at position 1 is different from expected shape"),
    ],
)
def test_what_is_refused(sequences, kwargs, message):
    with pytest.raises(ValueError, match=message):
        pad_sequences(sequences, **kwargs)
