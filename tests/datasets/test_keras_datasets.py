"""Keras's datasets from small files of the same form, which stand in the cache under a patched hash: no network."""

import gzip
import io
import json
import os
import pickle
import tarfile

import numpy as np
import pytest

from jaxnn import config, datasets
from jaxnn.datasets import download
from jaxnn.utils.files import hash_file


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keras's folder of datasets, empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "datasets"
    folder.mkdir()
    return folder


@pytest.fixture
def put(cache, monkeypatch):
    """Puts arrays into the cache as a dataset's file, whose hash is then the expected one."""

    def put(module, name, **arrays):
        np.savez(cache / name, **arrays)
        monkeypatch.setattr(module, "_HASH", hash_file(cache / name))

    return put


def ragged(*rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


def test_mnist_gives_what_the_file_has(put):
    images = np.arange(2 * 28 * 28, dtype="uint8").reshape(2, 28, 28)
    put(
        datasets.mnist,
        "mnist.npz",
        x_train=images,
        y_train=np.uint8([5, 0]),
        x_test=images[:1],
        y_test=np.uint8([7]),
    )
    (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data()
    np.testing.assert_array_equal(x_train, images)
    assert (y_train.tolist(), y_test.tolist(), x_test.shape) == ([5, 0], [7], (1, 28, 28))
    x_train[0] = 0  # may be written


def test_a_file_with_another_hash_is_not_read_and_the_message_says_where_to_put_the_right_one(cache, monkeypatch):
    np.savez(cache / "mnist.npz", x_train=np.zeros(3))
    monkeypatch.setattr(download, "ADDRESS", "file:///nowhere/")
    with pytest.raises(OSError, match=r"put it at .*datasets.mnist\.npz"):
        datasets.mnist.load_data()


def test_fashion_mnist_reads_four_files(cache):
    folder = cache / "fashion-mnist"
    folder.mkdir()
    for part, n in (("train", 3), ("t10k", 2)):
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(bytes(8) + bytes(range(n)))
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(bytes(16) + bytes([n]) * (n * 28 * 28))
    (x_train, y_train), (x_test, y_test) = datasets.fashion_mnist.load_data()
    assert (x_train.shape, y_train.tolist()) == ((3, 28, 28), [0, 1, 2])
    assert (x_test.shape, y_test.tolist(), x_test.max()) == ((2, 28, 28), [0, 1], 2)


def cifar_archive(path, batches):
    with tarfile.open(path, "w:gz") as archive:
        for name, batch in batches.items():
            content = pickle.dumps({key.encode(): value for key, value in batch.items()})
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_cifar10_joins_its_five_batches_and_moves_the_channels(cache, monkeypatch):
    images = np.arange(3 * 3072).reshape(3, 3072).astype("uint8")
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    path = cache / "cifar-10-batches-py-target_archive"
    cifar_archive(
        path, {f"cifar-10-batches-py/{n}": {"data": images, "labels": [0, 9, i]} for i, n in enumerate(names)}
    )
    monkeypatch.setattr(datasets.cifar10, "_HASH", hash_file(path))
    (x_train, y_train), (x_test, y_test) = datasets.cifar10.load_data()
    assert (x_train.shape, x_train.dtype, y_train.shape, y_train.dtype) == ((15, 32, 32, 3), "uint8", (15, 1), "uint8")
    assert y_train[2::3, 0].tolist() == [0, 1, 2, 3, 4]
    assert y_test[:, 0].tolist() == [0, 9, 5]
    np.testing.assert_array_equal(x_test.transpose(0, 3, 1, 2).reshape(3, 3072), images)
    config.set_image_data_format("channels_first")
    try:
        assert datasets.cifar10.load_data()[0][0].shape == (15, 3, 32, 32)
    finally:
        config.set_image_data_format("channels_last")


def test_cifar100_has_two_kinds_of_labels(cache, monkeypatch):
    batch = {"data": np.zeros((2, 3072), "uint8"), "fine_labels": [99, 1], "coarse_labels": [19, 2]}
    path = cache / "cifar-100-python-target_archive"
    cifar_archive(path, {f"cifar-100-python/{part}": batch for part in ("train", "test")})
    monkeypatch.setattr(datasets.cifar100, "_HASH", hash_file(path))
    assert datasets.cifar100.load_data()[0][1].tolist() == [[99], [1]]
    assert datasets.cifar100.load_data("coarse")[1][1].tolist() == [[19], [2]]
    with pytest.raises(ValueError, match="`label_mode` must be one of 'fine', 'coarse'"):
        datasets.cifar100.load_data("rough")


REVIEWS = {
    "x_train": ragged([1, 2, 3], [4, 50], [7, 8, 9, 10]),
    "y_train": np.array([1, 0, 1]),
    "x_test": ragged([5, 60], [1]),
    "y_test": np.array([0, 1]),
}


def test_imdb_marks_starts_and_replaces_rare_words(put):
    put(datasets.imdb, "imdb.npz", **REVIEWS)
    (x_train, y_train), (x_test, y_test) = datasets.imdb.load_data(num_words=20)
    by_label = sorted(zip(y_train.tolist(), x_train.tolist(), strict=True))
    assert by_label == [(0, [1, 7, 2]), (1, [1, 4, 5, 6]), (1, [1, 10, 11, 12, 13])]
    assert sorted(zip(y_test.tolist(), x_test.tolist(), strict=True)) == [(0, [1, 8, 2]), (1, [1, 4])]


def test_imdb_leaves_out_what_is_not_wanted(put):
    put(datasets.imdb, "imdb.npz", **REVIEWS)
    (x_train, _), _ = datasets.imdb.load_data(num_words=9, skip_top=2, oov_char=None, start_char=None, index_from=0)
    assert sorted(x_train.tolist()) == [[2, 3], [4], [7, 8]]
    (x_train, y_train), (x_test, _) = datasets.imdb.load_data(maxlen=4)  # of fewer words than four, the mark among them
    assert (len(x_train), y_train.tolist(), len(x_test)) == (1, [0], 2)
    with pytest.raises(ValueError, match=r"no sequence was kept\. Increase maxlen"):
        datasets.imdb.load_data(maxlen=1)


def test_reuters_cuts_its_last_part_off_for_testing(put):
    put(datasets.reuters, "reuters.npz", x=REVIEWS["x_train"], y=REVIEWS["y_train"])
    (x_train, y_train), (x_test, y_test) = datasets.reuters.load_data(test_split=0.4)
    assert (len(x_train), len(y_train), len(x_test), len(y_test)) == (1, 1, 2, 2)
    assert all(x[0] == 1 for x in [*x_train, *x_test])


def test_word_indices_are_dictionaries_and_topics_have_names(cache, monkeypatch):
    for module, name in ((datasets.imdb, "imdb"), (datasets.reuters, "reuters")):
        path = cache / f"{name}_word_index.json"
        path.write_text(json.dumps({"the": 1, "é": 2}), encoding="utf-8")
        monkeypatch.setattr(module, "_INDEX_HASH", hash_file(path, "md5"))
        assert module.get_word_index() == {"the": 1, "é": 2}
    names = datasets.reuters.get_label_names()
    assert (len(names), names[3], names[-1]) == (46, "earn", "lead")


@pytest.mark.parametrize("module", [datasets.boston_housing, datasets.california_housing])
def test_houses_are_shuffled_and_cut(module, put):
    x = np.arange(20.0).reshape(10, 2)
    put(module, module.__name__.split(".")[-1] + ".npz", x=x, y=x[:, 0])
    (x_train, y_train), (x_test, _) = module.load_data(test_split=0.3, seed=5)
    order = np.arange(10)
    np.random.RandomState(5).shuffle(order)
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), x[order])
    np.testing.assert_array_equal(y_train, x_train[:, 0])
    assert len(x_test) == 3
    with pytest.raises(ValueError, match="Invalid `test_split` argument: 1"):
        module.load_data(test_split=1)


def test_california_has_a_small_version(put):
    put(datasets.california_housing, "california_housing.npz", x=np.zeros((700, 8)), y=np.zeros(700))
    (x_train, _), (x_test, _) = datasets.california_housing.load_data(version="small")
    assert len(x_train) + len(x_test) == 600
    with pytest.raises(ValueError, match="`version` must be one of 'small', 'large'"):
        datasets.california_housing.load_data(version="tiny")


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_a_pickle_that_would_run_code_is_refused(put, tmp_path):
    marker = tmp_path / "ran"
    put(datasets.imdb, "imdb.npz", x_train=ragged(Payload(marker)))
    with pytest.raises(pickle.UnpicklingError, match=r"Refusing to deserialize `(posix|nt)\.mkdir`"):
        datasets.imdb.load_data()
    assert not marker.exists()


def test_nothing_is_imported_before_it_is_named():
    assert set(datasets.__all__) >= {"mnist", "imdb", "rain", "california_housing"}
