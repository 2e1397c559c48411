"""split_dataset: sizes, kinds of datasets, what is refused."""

import random

import numpy as np
import pytest

from jaxnn.utils import Dataset, split_dataset


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"left_size": 0.7}, (7, 3)),
        ({"right_size": 2}, (8, 2)),
        ({"left_size": 3, "right_size": 0.2}, (3, 2)),
        ({"left_size": 1, "right_size": 1}, (1, 1)),
    ],
)
def test_sizes(sizes, expected):
    left, right = split_dataset(np.arange(10), **sizes)
    assert (len(left), len(right)) == expected
    assert [int(x) for x in left] == list(range(expected[0]))
    assert [int(x) for x in right] == list(range(10 - expected[1], 10))  # the last ones


def test_arrays_stay_together_and_batches_stay_batches():
    left, _ = split_dataset((np.arange(6), np.arange(6) * 10), left_size=0.5)
    assert [(int(x), int(y)) for x, y in left] == [(0, 0), (1, 10), (2, 20)]
    batches = Dataset.from_tensor_slices({"a": np.arange(10)}).batch(4)
    left, right = split_dataset(batches, left_size=6)
    assert [batch["a"].tolist() for batch in left] == [[0, 1, 2, 3], [4, 5]]
    assert [batch["a"].tolist() for batch in right] == [[6, 7, 8, 9]]


def test_datasets_of_torch_by_number_and_by_iteration():
    base = type(
        "Dataset", (), {"__module__": "torch.utils.data.dataset"}
    )  # what tells them, where torch isn't installed

    class ByNumber(base):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return np.full(2, i), i

    class ByIteration(base):
        def __iter__(self):
            return iter(range(4))

    left, right = split_dataset(ByNumber(), left_size=3)
    assert [(x.tolist(), int(y)) for x, y in right] == [([3, 3], 3)]
    left, _ = split_dataset(ByIteration(), left_size=3)
    assert [int(x) for x in left] == [0, 1, 2]


def test_shuffling_is_pythons_with_that_seed():
    expected = list(range(10))
    random.seed(3)
    random.shuffle(expected)
    left, right = split_dataset(np.arange(10), left_size=4, shuffle=True, seed=3)
    assert [int(x) for x in [*left, *right]] == expected


@pytest.mark.parametrize(
    ("dataset", "sizes", "error", "message"),
    [
        (np.arange(4), {}, ValueError, "At least one of the `left_size` or `right_size`"),
        ("abc", {"left_size": 1}, TypeError, "unsupported dataset type"),
        ((), {"left_size": 1}, ValueError, "Received an empty tuple"),
        (np.zeros(0), {"left_size": 1}, ValueError, "Received an empty dataset"),
        ([[1, 2]], {"left_size": 1}, ValueError, "Expected a list of `numpy.ndarray` objects"),
        ([np.zeros(2), np.zeros(3)], {"left_size": 1}, ValueError, "with different lengths"),
        (np.arange(4), {"left_size": "1"}, TypeError, "Invalid `left_size` Type"),
        (np.arange(4), {"left_size": 0, "right_size": 0}, ValueError, "are zero"),
        (np.arange(4), {"left_size": 4}, ValueError, "positive integer smaller than 4"),
        (np.arange(4), {"right_size": 1.5}, ValueError, "`right_size` should be either"),
        (np.arange(4), {"left_size": 0.6, "right_size": 0.6}, ValueError, "is greater than 1"),
        (np.arange(4), {"left_size": 3, "right_size": 2}, ValueError, "smaller than the 4 samples"),
        (np.arange(4), {"left_size": 0.01}, ValueError, "the left side would be empty"),
    ],
)
def test_what_is_refused(dataset, sizes, error, message):
    with pytest.raises(error, match=message):
        split_dataset(dataset, **sizes)
