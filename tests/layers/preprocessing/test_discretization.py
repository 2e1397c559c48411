import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.utils.dataset import Dataset

X = np.random.default_rng(0).permutation(np.arange(1000.0))


def test_a_boundary_belongs_to_the_interval_above():
    y = layers.Discretization([0.0, 1.0])(np.array([[-1.0, 0.0, 0.5, 1.0]]))
    assert (y.tolist(), y.dtype) == ([[0, 1, 1, 2]], "int32")


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_rows_have_a_place_for_each_interval(mode):
    y = layers.Discretization([0.0, 1.0], output_mode=mode)(np.array([[0.5, 0.5]]))
    expected = {"one_hot": [[[0, 1, 0]] * 2], "multi_hot": [[0, 1, 0]], "count": [[0, 2, 0]]}
    assert y.tolist() == expected[mode]
    sparse = layers.Discretization([0.0, 1.0], output_mode=mode, sparse=True)(np.array([[0.5, 0.5]]))
    np.testing.assert_array_equal(sparse.todense(), expected[mode])


@pytest.mark.parametrize(
    "data", [X, np.split(X, 4), Dataset.from_tensor_slices((X, X)).batch(100)], ids=["array", "list", "dataset"]
)
def test_intervals_hold_equally_many_numbers(data):
    layer = layers.Discretization(num_bins=4, epsilon=0.01)
    layer.adapt(data)
    shares = np.bincount(np.asarray(layer(X))) / len(X)
    np.testing.assert_allclose(shares, 0.25, atol=0.03)  # a boundary may be off by epsilon, once a merge


def test_steps_limit_what_is_read_and_adapt_forgets():
    layer = layers.Discretization(num_bins=2)
    layer.adapt(X + 5000)
    layer.adapt((batch for batch in (X, X + 1e6)), steps=1)
    np.testing.assert_allclose(layer.bin_boundaries, [500], rtol=0.02)


def test_what_was_learned_travels_in_the_config(tmp_path):
    layer = layers.Discretization(num_bins=3)
    layer.adapt(X)
    model = jaxnn.Sequential([layers.Input((1,)), layer])
    model.save(tmp_path / "m.keras")
    loaded = jaxnn.saving.load_model(tmp_path / "m.keras")
    assert loaded.layers[0].bin_boundaries == layer.bin_boundaries
    np.testing.assert_array_equal(loaded.predict(X[:, None], verbose=0), layer(X[:, None]))


def test_what_does_not_fit_is_told():
    make = layers.Discretization
    for arguments, message in [
        ({}, "need to set either `num_bins` or `bin_boundaries`"),
        ({"num_bins": 2, "bin_boundaries": [0.0]}, "Both `num_bins` and `bin_boundaries` should not be set"),
        ({"num_bins": -1}, "`num_bins` must be greater than or equal to 0"),
        ({"num_bins": 2, "sparse": True}, "`sparse=True` may only be used if"),
        ({"num_bins": 2, "output_mode": "bins"}, "Invalid value for argument `output_mode`"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(**arguments)
    with pytest.raises(ValueError, match="You need to either pass the `bin_boundaries` argument"):
        make(num_bins=2)(X)
    with pytest.raises(ValueError, match="initialized with `bin_boundaries`, use `num_bins`"):
        make([0.0]).adapt(X)
