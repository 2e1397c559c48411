"""Batches from torch, TensorFlow and grain, where they are installed; and what is said beside them where they aren't."""

import re

import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training.sources import source_of

SIZE, ROWS = 8, 8 * 5 + 3
X = np.random.RandomState(0).randn(ROWS, 6).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def torch_loader(endless=False):
    torch = pytest.importorskip("torch")
    tensors = torch.utils.data.TensorDataset(torch.as_tensor(X), torch.as_tensor(Y))
    if not endless:
        return torch.utils.data.DataLoader(tensors, batch_size=SIZE)

    class Unsized(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(tensors)

    return torch.utils.data.DataLoader(Unsized(), batch_size=SIZE)


def tensorflow_dataset(endless=False):
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(SIZE)
    return dataset.repeat() if endless else dataset


def grain_dataset(endless=False):
    grain = pytest.importorskip("grain")
    dataset = grain.MapDataset.source(list(zip(X, Y, strict=True)))
    return (dataset.repeat() if endless else dataset).batch(SIZE)


def model():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("make", [torch_loader, tensorflow_dataset, grain_dataset, lambda: torch_loader(endless=True)])
def test_datasets_give_the_numbers_of_their_arrays(make):
    expected = model().fit(X, Y, batch_size=SIZE, shuffle=False, epochs=3, verbose=0).history
    trained = model()
    assert trained.fit(make(), epochs=3, verbose=0).history == expected
    np.testing.assert_array_equal(trained.predict(make(), verbose=0), trained.predict(X, batch_size=SIZE, verbose=0))
    assert trained.evaluate(make(), verbose=0) == pytest.approx(trained.evaluate(X, Y, batch_size=SIZE, verbose=0))


@pytest.mark.parametrize(("make", "called"), [(tensorflow_dataset, "BatchDataset"), (grain_dataset, "a grain dataset")])
def test_those_that_repeat_for_ever_need_steps(make, called):
    with pytest.raises(ValueError, match="`steps_per_epoch` must say how many batches"):
        model().fit(make(endless=True), verbose=0)
    assert len(model().fit(make(endless=True), steps_per_epoch=3, epochs=2, verbose=0).epoch) == 2


def test_class_weights_beside_tf_data_are_keras_weights():
    history = model().fit(tensorflow_dataset(), class_weight={0: 1.0, 1: 3.0}, verbose=0).history
    arguments = {"batch_size": SIZE, "shuffle": False, "verbose": 0}
    assert history == model().fit(X, Y, class_weight={0: 1.0, 1: 3.0}, **arguments).history


def test_sparse_and_ragged_tensors_become_dense():
    tf = pytest.importorskip("tensorflow")
    x = np.where(X > 0.5, X, 0)
    sparse = tf.data.Dataset.from_tensors(tf.sparse.from_dense(x))
    trained = model()
    np.testing.assert_array_equal(trained.predict(sparse, verbose=0), trained.predict(x, batch_size=ROWS, verbose=0))
    ragged = tf.ragged.constant([[1.0, 2.0], [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]])
    dense = np.array([[1, 2, 0, 0, 0, 0], [3, 4, 5, 6, 7, 8]], "float32")
    np.testing.assert_array_equal(trained.predict(ragged, verbose=0), trained.predict(dense, verbose=0))


def stranger(name, module):
    """An object that says it is a class of some package."""
    return type(name, (), {"__module__": module, "__iter__": lambda self: iter(()), "__len__": lambda self: 3})()


@pytest.mark.parametrize(
    ("name", "module", "kind"),
    [
        ("DataLoader", "torch.utils.data.dataloader", "torch DataLoader"),
        ("DatasetV2", "tensorflow.python.data.ops.dataset_ops", "tf.data.Dataset"),
        ("MapDataset", "grain._src.python.dataset.dataset", "grain.Dataset and grain.DataLoader"),
        ("IterDataset", "grain._src.python.dataset.dataset", "grain.Dataset and grain.DataLoader"),
        ("DataLoader", "grain._src.python.data_loader", "grain.Dataset and grain.DataLoader"),
        ("DataLoader", "mine", "iterable of batches"),
    ],
)
def test_a_dataset_is_known_by_its_class(name, module, kind, monkeypatch):
    given = stranger(name, module)
    given.dataset = [0]
    given.cardinality = lambda: 3
    source = source_of(given)
    assert source.kind == kind
    assert source.length() in (1, 3)
    words = f"When providing `x` as a {kind}, `y` should not be passed. Instead, the targets should be included"
    with pytest.raises(ValueError, match=re.escape(words)):
        model().fit(given, Y)
    if not source.weighs_classes:
        with pytest.raises(ValueError, match=re.escape(f"`class_weight` is not supported for {kind} inputs")):
            model().fit(given, class_weight={0: 2.0})


def test_a_length_that_stands_for_infinity_is_none():
    import sys

    class Repeated(type(stranger("MapDataset", "grain"))):
        __module__ = "grain.python"

        def __len__(self):
            return sys.maxsize

    source = source_of(Repeated())
    assert source.length() is None
    assert source.endless() == "a grain dataset that repeats for ever"
