import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.utils import PyDataset
from jaxnn.utils.dataset import Dataset

X = np.random.default_rng(0).normal(3.0, 2.0, size=(40, 3)).astype("float32")
ROUNDING = {"rtol": 1e-5, "atol": 1e-6}  # batches are summed up in another order than one array


class Batches(PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return X[10 * index : 10 * index + 10], np.zeros(10)


def test_features_have_mean_0_and_variance_1():
    layer = layers.Normalization()
    layer.adapt(X)
    y = np.asarray(layer(X))
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)  # float32 sums of 40 numbers near 3
    np.testing.assert_allclose(y.var(0), 1, rtol=1e-5)
    np.testing.assert_allclose(layer.mean[0], X.mean(0), rtol=1e-6)
    np.testing.assert_allclose(layer.variance[0], X.var(0), rtol=1e-6)


def test_the_way_back_is_the_inverse():
    there, back = layers.Normalization(), layers.Normalization(invert=True)
    there.adapt(X)
    back.adapt(X)
    np.testing.assert_allclose(back(there(X)), X, rtol=1e-5)


def test_a_mean_for_all_and_one_for_each_place():
    x = np.arange(24.0).reshape(4, 3, 2)
    whole, places = layers.Normalization(axis=None), layers.Normalization(axis=(1, 2))
    whole.adapt(x)
    places.adapt(x)
    assert whole.mean.shape == (1, 1, 1)
    assert float(whole.mean[0, 0, 0]) == 11.5
    np.testing.assert_array_equal(places.mean[0], x.mean(0))


def test_given_means_are_broadcast_from_the_last_axis_on():
    layer = layers.Normalization(axis=(1, 2), mean=[1.0, 2.0], variance=[4.0, 9.0])
    y = layer(np.ones((2, 3, 2)))
    np.testing.assert_allclose(y, np.broadcast_to([0.0, -1 / 3], (2, 3, 2)), rtol=1e-6)
    assert layer.weights == []


@pytest.mark.parametrize(
    "data",
    [
        jnp.asarray(X),
        pd.DataFrame(X),
        Batches(),
        list(np.split(X, 4)),
        Dataset.from_tensor_slices(X),
        Dataset.from_tensor_slices((X, np.zeros(40))).batch(7),
    ],
    ids=["jax", "pandas", "PyDataset", "list", "rows", "batches"],
)
def test_all_kinds_of_data_give_the_same(data):
    layer = layers.Normalization()
    layer.adapt(data)
    np.testing.assert_allclose(layer.mean[0], X.mean(0), **ROUNDING)
    np.testing.assert_allclose(layer.variance[0], X.var(0), **ROUNDING)


def test_adapt_forgets_what_it_has_learned():
    layer = layers.Normalization()
    layer.adapt(X + 100)
    layer.adapt(batch for batch in np.split(X, 2))
    np.testing.assert_allclose(layer.mean[0], X.mean(0), **ROUNDING)


def test_statistics_are_state_of_the_pure_layer(key):
    layer = layers.Normalization()
    params, state = layer.init(key, (None, 3))
    assert params == {}
    state = {**state, "mean": jnp.full(3, 2.0), "variance": jnp.full(3, 4.0)}
    y, _ = jax.jit(layer.apply)(params, state, jnp.full((1, 3), 6.0))
    assert y.tolist() == [[2.0, 2.0, 2.0]]


def test_a_dataset_and_a_model_take_the_layer(tmp_path):
    layer = layers.Normalization()
    layer.adapt(X)
    mapped = np.concatenate(list(Dataset.from_tensor_slices(X).batch(16).map(layer)))
    model = jaxnn.Sequential([layers.Input((3,)), layer])
    np.testing.assert_array_equal(model.predict(X, verbose=0), mapped)
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(jaxnn.saving.load_model(tmp_path / "m.keras").predict(X, verbose=0), mapped)


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="both `mean` and `variance` must be set"):
        layers.Normalization(mean=1.0)
    with pytest.raises(ValueError, match="must have the same shape"):
        layers.Normalization(mean=[1.0], variance=1.0)
    with pytest.raises(ValueError, match=r"rank of `mean` must be less than or equal to the number of axes \(1\)"):
        layers.Normalization(mean=[[1.0]], variance=[[1.0]])
    with pytest.raises(ValueError, match=r"must be in the range \[-ndim, ndim\)"):
        layers.Normalization(axis=2).build((None, 3))
    with pytest.raises(ValueError, match="must have a known shape"):
        layers.Normalization().build((4, None))
    with pytest.raises(ValueError, match="can't learn what was given"):
        layers.Normalization(mean=1.0, variance=1.0).adapt(X)
    with pytest.raises(TypeError, match=r"without|`.shape` attribute; got an element of type float. Make one array"):
        layers.Normalization().adapt([1.0, 2.0])
    with pytest.raises(ValueError, match="empty iterable"):
        layers.Normalization().adapt([])
    with pytest.raises(TypeError, match="Unsupported data type"):
        layers.Normalization().adapt(3)
    layer = layers.Normalization()
    layer.adapt(X)
    with pytest.raises(ValueError, match="an incompatible shape"):
        layer.adapt(X[:, :2])
    with pytest.raises(ValueError, match="yielded a batch with incompatible shape"):
        layer.adapt([X, X[:, :2]])
