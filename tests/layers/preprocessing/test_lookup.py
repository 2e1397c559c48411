import jax
import numpy as np
import pandas as pd
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.utils.dataset import Dataset

VOCABULARY = ["a", "b", "c"]


def test_numbers_begin_with_the_mask_and_the_unknown():
    layer = layers.StringLookup(vocabulary=VOCABULARY, mask_token="", num_oov_indices=2)
    assert layer.get_vocabulary() == ["", "[UNK]", "[UNK]", "a", "b", "c"]
    assert layer.get_vocabulary(include_special_tokens=False) == VOCABULARY
    numbers = layer(np.array(["", "a", "c", "what"])).tolist()
    assert numbers[:3] == [0, 3, 5]
    assert numbers[3] in (1, 2)
    assert layer.vocabulary_size() == 6


def test_the_way_back_gives_tokens():
    for there in (layers.StringLookup(vocabulary=VOCABULARY), layers.IntegerLookup(vocabulary=[12, -7, 40])):
        back = type(there)(vocabulary=there.get_vocabulary(), invert=True)
        tokens = there.get_vocabulary(include_special_tokens=False)
        assert np.asarray(back(there([tokens]))).tolist() == [tokens]
        assert np.asarray(back([0, 99])).tolist() == [there.oov_token] * 2


@pytest.mark.parametrize(
    "data",
    [
        ["b", "a", "b", "c", "b", "a"],
        np.array([["b", "a", "b"], ["c", "b", "a"]], dtype=object),
        pd.Series(["b", "a", "b", "c", "b", "a"]),
        [b"b", b"a", b"b", b"c", b"b", b"a"],
        Dataset.from_tensor_slices(["b", "a", "b", "c", "b", "a"]).batch(4),
        (x for x in [np.array(["b", "a"]), np.array(["b", "c", "b", "a"])]),
    ],
    ids=["list", "array", "pandas", "bytes", "dataset", "generator"],
)
def test_frequent_tokens_come_first(data):
    layer = layers.StringLookup()
    layer.adapt(data)
    assert layer.get_vocabulary() == ["[UNK]", "b", "a", "c"]


def test_of_equally_frequent_tokens_the_last_comes_first_and_the_rest_is_cut():
    layer = layers.IntegerLookup(max_tokens=4)
    layer.adapt([5, 3, 9, 9, 7, -1])
    assert layer.get_vocabulary() == [-1, 9, 7, 5]


def test_adapt_forgets_and_steps_limit_it():
    layer = layers.StringLookup()
    layer.adapt(["x", "y"])
    layer.adapt((np.array([t]) for t in ("p", "q", "r")), steps=2)
    assert layer.get_vocabulary() == ["[UNK]", "q", "p"]


def test_rare_tokens_weigh_more():
    layer = layers.StringLookup(output_mode="tf_idf")
    layer.adapt([["a", "a", "b"], ["a", "c", "c"]])
    assert layer.get_vocabulary() == ["[UNK]", "a", "c", "b"]
    weights = np.log(1 + 2 / (1 + np.array([2, 1, 1])))
    np.testing.assert_allclose(layer.idf_weights, [weights.mean(), *weights], rtol=1e-6)
    np.testing.assert_allclose(layer([["b", "b", "z"]]), [[weights.mean(), 0, 0, 2 * weights[2]]], rtol=1e-6)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("method", ["floormod", "farmhash"])
def test_whole_numbers_are_looked_up_in_compiled_programs(mode, method):
    weights = {"idf_weights": [0.5, 1.0, 2.0]} if mode == "tf_idf" else {}
    layer = layers.IntegerLookup(
        vocabulary=[12, 36, 2**40], output_mode=mode, num_oov_indices=2, oov_method=method, mask_token=3, **weights
    )
    x = np.array([[12, 36, 7], [3, 9, 12]])
    expected = layer(x)
    compiled = jax.jit(layer)(x)
    np.testing.assert_allclose(compiled, expected, rtol=1e-6)
    assert compiled.dtype == expected.dtype
    np.testing.assert_allclose(
        jaxnn.Sequential([layers.Input((3,), dtype="int32"), layer]).predict(x, verbose=0), expected
    )


def test_the_way_back_is_compiled_too():
    layer = layers.IntegerLookup(vocabulary=[12, 36], invert=True)
    np.testing.assert_array_equal(jax.jit(layer)(np.array([2, 0, 5, -1])), [36, -1, -1, -1])
    with pytest.raises(TypeError, match="gives strings, which a compiled program can't hold"):
        jax.jit(layers.StringLookup(vocabulary=["a"], invert=True))(np.array([1]))


def test_nothing_known_is_all_unknown():
    assert layers.IntegerLookup()([1, 2]).tolist() == [0, 0]
    assert jax.jit(layers.IntegerLookup())(np.array([1, 2])).tolist() == [0, 0]


def test_a_file_has_a_token_a_line(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("a\r\nü\n\n".encode())
    layer = layers.StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "a", "ü", ""]
    assert layer.get_config()["vocabulary"] is None  # kept as an asset
    (tmp_path / "numbers.txt").write_text("12\n-3\n")
    assert layers.IntegerLookup(vocabulary=str(tmp_path / "numbers.txt")).get_vocabulary() == [-1, 12, -3]


def test_no_config_reads_a_file(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("root\n")
    for layer in (layers.StringLookup(), layers.IntegerLookup(), layers.TextVectorization()):
        serialized = layers.serialize(layer)
        serialized["config"]["vocabulary"] = str(path)
        with pytest.raises(ValueError, match="vocabulary file outside of the model archive"):
            layers.deserialize(serialized)


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
def test_a_saved_model_keeps_what_was_learned(tmp_path, mode):
    layer = layers.StringLookup(output_mode=mode, mask_token="m", max_tokens=9, pad_to_max_tokens=True)
    layer.adapt([["x", "y\u2028z", " "], ["x", "m", ""]])
    x = layers.Input((2,), dtype="string")
    model = jaxnn.Model(x, layer(x))
    model.save(tmp_path / "m.keras")
    loaded = jaxnn.saving.load_model(tmp_path / "m.keras").layers[1]
    assert loaded.get_vocabulary() == layer.get_vocabulary()
    rows = [["x", "y\u2028z"], ["", "q"]]
    np.testing.assert_array_equal(loaded(rows), layer(rows))


def test_a_model_saved_before_adapt_can_be_adapted(tmp_path):
    x = layers.Input((1,), dtype="string")
    model = jaxnn.Model(x, layers.StringLookup()(x))
    model.save(tmp_path / "m.keras")
    layer = jaxnn.saving.load_model(tmp_path / "m.keras").layers[1]
    layer.adapt(["x"])
    assert layer.get_vocabulary() == ["[UNK]", "x"]


def test_a_token_that_a_file_cannot_hold_is_told(tmp_path):
    layer = layers.StringLookup()
    layer.adapt(["two\nlines"])
    with pytest.raises(ValueError, match="has a line's end in it"):
        layer.save_assets(str(tmp_path))


def test_what_does_not_fit_is_told(tmp_path):
    make = layers.StringLookup
    for arguments, message in [
        ({"max_tokens": 1}, "must be greater than 1"),
        ({"pad_to_max_tokens": True}, "must set `max_tokens`"),
        ({"num_oov_indices": -1}, "`num_oov_indices` must be >= 0"),
        ({"output_mode": "hot"}, "Invalid value for argument `output_mode`"),
        ({"invert": True, "output_mode": "count"}, "must be 'int' when `invert` is true"),
        ({"sparse": True, "output_mode": "count"}, "only be used with the TensorFlow backend"),
        ({"idf_weights": [1.0]}, "should only be set if `output_mode` is 'tf_idf'"),
        ({"vocabulary": VOCABULARY, "output_mode": "tf_idf"}, "`idf_weights` argument must also be provided"),
        ({"vocabulary": VOCABULARY, "output_mode": "tf_idf", "idf_weights": [1.0]}, "same length as vocabulary"),
        ({"vocabulary": []}, "Cannot set an empty vocabulary"),
        ({"vocabulary": ["a", "a"]}, r"repeated terms are: \['a'\]"),
        ({"vocabulary": ["a", "m"], "mask_token": "m"}, "reserved mask token at unexpected location"),
        ({"vocabulary": ["a", "[UNK]"], "invert": True}, "reserved OOV token at unexpected location"),
        ({"vocabulary": VOCABULARY, "max_tokens": 3}, "larger than the maximum vocab size"),
        ({"vocabulary": str(tmp_path / "none.txt")}, "does not exist"),
        ({"salt": (1, 2, 3)}, "can only be a tuple of size 2"),
        ({"unknown": 1}, "Unrecognized keyword"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(**arguments)
    with pytest.raises(ValueError, match="`salt` can only be used when"):
        layers.IntegerLookup(salt=1)
    with pytest.raises(ValueError, match="Only `vocabulary_dtype='int64'`"):
        layers.IntegerLookup(vocabulary_dtype="int32")
    with pytest.raises(ValueError, match="after setting a static vocabulary"):
        make(vocabulary=VOCABULARY).adapt(["a"])
    with pytest.raises(RuntimeError, match="you must set the layer's vocabulary before calling it"):
        make(output_mode="count")(["a"])
    with pytest.raises(ValueError, match=r"found OOV values \['z'\], consider setting `num_oov_indices=1`"):
        make(vocabulary=VOCABULARY, num_oov_indices=0)(["a", "z"])
    with pytest.raises(ValueError, match="expected strings; got int64 numbers"):
        make(vocabulary=VOCABULARY)([1])
    with pytest.raises(ValueError, match="StringLookup is for strings"):
        layers.IntegerLookup(vocabulary=[1])(["1"])
    layer = make(output_mode="count")
    layer.adapt(["a"])
    with pytest.raises(RuntimeError, match="vocabulary size cannot be changed"):
        layer.adapt(["a", "b"])
