"""timeseries_dataset_from_array: which steps a window has, and its target."""

import numpy as np
import pytest

from jaxnn.utils import timeseries_dataset_from_array


def test_windows_by_hand():
    data = timeseries_dataset_from_array(
        np.arange(12), np.arange(12) * 10, sequence_length=3, sampling_rate=2, sequence_stride=3, batch_size=2
    )
    (first, targets), (last, _) = data
    assert (first.tolist(), targets.tolist()) == ([[0, 2, 4], [3, 5, 7]], [0, 30])
    assert last.tolist() == [[6, 8, 10]]
    assert len(data) == 2


def test_start_and_end_cut_the_series_and_targets_stay_with_their_steps():
    data = timeseries_dataset_from_array(np.arange(10), np.arange(10), 2, start_index=4, end_index=8, batch_size=None)
    assert [(x.tolist(), int(y)) for x, y in data] == [([4, 5], 4), ([5, 6], 5), ([6, 7], 6)]


def test_features_keep_their_axis_and_targets_may_be_missing():
    (batch,) = timeseries_dataset_from_array(np.zeros((10, 4)), None, 3)
    assert batch.shape == (8, 3, 4)


def test_tf_mixes_every_pass_anew_and_grain_all_alike():
    def passes(format):
        data = timeseries_dataset_from_array(np.arange(50), None, 1, batch_size=50, shuffle=True, seed=3, format=format)
        first, second = ([int(x) for (batch,) in [list(data)] for x in batch[:, 0]] for _ in range(2))
        assert sorted(first) == sorted(second) == list(range(50))
        return first == second

    assert not passes("tf")
    assert passes("grain")


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"start_index": -1}, "`start_index` must be 0 or greater"),
        ({"start_index": 11}, "`start_index` must be 0 or greater and lower than the data's length 10"),
        ({"end_index": -1}, "`end_index` must be higher than 0"),
        ({"start_index": 5, "end_index": 4}, "`end_index` must be higher than `start_index`"),
        ({"sampling_rate": 0}, "`sampling_rate` must be higher than 0"),
        ({"sequence_stride": 10}, "`sequence_stride` must be higher than 0 and lower"),
        ({"format": "xyz"}, '`format` should be either "tf" or "grain"'),
    ],
)
def test_what_is_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        timeseries_dataset_from_array(np.arange(10), None, 3, **kwargs)
