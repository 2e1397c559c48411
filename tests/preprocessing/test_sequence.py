"""Keras 2's windows of a series and pairs of words."""

import json

import numpy as np
import pytest

from jaxnn.preprocessing.sequence import TimeseriesGenerator, make_sampling_table, pad_sequences, skipgrams
from jaxnn.utils import PyDataset
from jaxnn.utils import pad_sequences as the_same


def test_windows_end_before_their_target():
    batches = TimeseriesGenerator(list(range(10)), list(range(10)), length=4, sampling_rate=2, stride=2, batch_size=2)
    assert len(batches) == 2
    x, y = batches[0]
    assert (x.tolist(), y.tolist()) == ([[0, 2], [2, 4]], [4, 6])
    x, y = batches[1]
    assert (x.tolist(), y.tolist()) == ([[4, 6]], [8])


def test_windows_may_be_reversed_and_drawn():
    x, y = TimeseriesGenerator(np.arange(9), np.arange(9), length=3, reverse=True)[0]
    assert (x[0].tolist(), y[0]) == ([2, 1, 0], 3)
    x, y = TimeseriesGenerator(np.arange(9), np.arange(9), length=3, shuffle=True, batch_size=20)[0]
    np.testing.assert_array_equal(x[:, -1] + 1, y)


def test_a_generator_is_a_sequence_whose_batches_come_in_order():
    batches = TimeseriesGenerator(np.arange(9), np.arange(9), length=3, batch_size=4, workers=2)
    assert isinstance(batches, PyDataset)
    assert (batches.workers, [y.tolist() for _, y in batches]) == (2, [[3, 4, 5, 6], [7, 8]])


def test_the_config_has_the_data():
    config = json.loads(TimeseriesGenerator(np.arange(3), [0, 1, 2], length=1).to_json())
    assert config["class_name"] == "TimeseriesGenerator"
    assert config["config"]["data"] == config["config"]["targets"] == "[0, 1, 2]"
    with pytest.raises(TypeError, match="`targets` not JSON serializable"):
        TimeseriesGenerator([1, 2], [object()] * 2, length=1).get_config()


def test_what_is_refused():
    with pytest.raises(ValueError, match="Data and targets have to be of same length; got 3 and 2"):
        TimeseriesGenerator([1, 2, 3], [1, 2], length=1)
    with pytest.raises(ValueError, match="`start_index\\+length=5 > end_index=2` is disallowed"):
        TimeseriesGenerator([1, 2, 3], [1, 2, 3], length=5)


def test_pairs_are_neighbours_and_false_ones_are_as_many():
    pairs, labels = skipgrams([1, 2, 0, 3], 9, window_size=2, shuffle=False, seed=0)
    assert pairs[:4] == [[1, 2], [2, 1], [2, 3], [3, 2]]  # 0 is no word, but takes a place
    assert labels == [1] * 4 + [0] * 4
    assert all(1 <= other < 9 for _, other in pairs[4:])
    _, labels = skipgrams([1, 2], 9, categorical=True, seed=0)
    assert sorted(labels) == [[0, 1], [0, 1], [1, 0], [1, 0]]


def test_a_table_that_takes_no_word_leaves_no_pair():
    assert skipgrams([1, 2, 1], 3, sampling_table=[0, 0, 0]) == ([], [])


def test_frequent_words_are_taken_less_often():
    table = make_sampling_table(100)
    assert table[1] < table[50] < table[99] <= 1


def test_padding_is_that_of_utils():
    assert pad_sequences is the_same
