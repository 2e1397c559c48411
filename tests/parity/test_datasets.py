"""The datasets of words and houses against Keras: the same file in, the same arrays out, whatever the arguments."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from keras.src.datasets import boston_housing as keras_boston
from keras.src.datasets import imdb as keras_imdb
from keras.src.datasets import reuters as keras_reuters

from jaxnn import datasets

SETTINGS = settings(max_examples=20, derandomize=True, deadline=None)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Twenty texts of one to nine words, in both forms."""
    rng = np.random.default_rng(0)

    def texts(n):
        array = np.empty(n, object)
        array[:] = [rng.integers(1, 40, rng.integers(1, 10)).tolist() for _ in range(n)]
        return array

    folder = tmp_path_factory.mktemp("files")
    np.savez(folder / "imdb.npz", x_train=texts(20), y_train=np.arange(20), x_test=texts(10), y_test=np.arange(10))
    np.savez(folder / "reuters.npz", x=texts(20), y=np.arange(20))
    np.savez(folder / "boston_housing.npz", x=rng.normal(size=(17, 3)), y=np.arange(17))
    return folder


def both(files, keras_module, ours, name, **kwargs):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras_module, "get_file", lambda *_, **__: str(files / name))
        patch.setattr(ours, "fetch", lambda *_: str(files / name))
        return keras_module.load_data(**kwargs), ours.load_data(**kwargs)


def equal(theirs, ours):
    for (their_x, their_y), (x, y) in zip(theirs, ours, strict=True):
        assert [list(t) for t in their_x] == [list(t) for t in x]
        np.testing.assert_array_equal(their_y, y)


WORDS = st.fixed_dictionaries(
    {},
    optional={
        "num_words": st.sampled_from([None, 10, 30]),
        "skip_top": st.sampled_from([0, 5]),
        "maxlen": st.sampled_from([None, 8]),
        "seed": st.integers(0, 9),
        "start_char": st.sampled_from([None, 1]),
        "oov_char": st.sampled_from([None, 2]),
        "index_from": st.sampled_from([0, 3]),
    },
)


@given(WORDS)
@SETTINGS
def test_imdb(files, kwargs):
    equal(*both(files, keras_imdb, datasets.imdb, "imdb.npz", **kwargs))


@given(WORDS, st.sampled_from([0.2, 0.5]))
@SETTINGS
def test_reuters(files, kwargs, test_split):
    equal(*both(files, keras_reuters, datasets.reuters, "reuters.npz", test_split=test_split, **kwargs))


@given(st.sampled_from([0.0, 0.2, 0.45]), st.integers(0, 9))
@SETTINGS
def test_boston(files, test_split, seed):
    args = {"test_split": test_split, "seed": seed}
    theirs, ours = both(files, keras_boston, datasets.boston_housing, "boston_housing.npz", **args)
    for their, our in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(their[0], our[0])
        np.testing.assert_array_equal(their[1], our[1])


def test_names_of_topics():
    assert datasets.reuters.get_label_names() == keras_reuters.get_label_names()
