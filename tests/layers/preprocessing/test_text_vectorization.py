import jax
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.utils.dataset import Dataset

TEXTS = ["The cat, the DOG!", "a bird", ""]


def adapted(**kwargs):
    layer = layers.TextVectorization(**kwargs)
    layer.adapt(TEXTS)
    return layer


def words_of(layer, text):
    vocabulary = layer.get_vocabulary()
    return [vocabulary[i] for i in np.asarray(layer([text]))[0]]


def test_texts_become_padded_rows_of_numbers():
    layer = adapted()
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "dog", "cat", "bird", "a"]
    assert layer(["the cat!", "A yak"]).tolist() == [[2, 4], [6, 1]]
    assert layer(["the cat", "a", ""]).tolist() == [[2, 4], [6, 0], [0, 0]]
    assert layer("cat").tolist() == [4]


@pytest.mark.parametrize("length", [2, 5])
def test_a_length_cuts_or_fills(length):
    layer = adapted(output_sequence_length=length)
    assert layer(["the cat a"]).tolist() == [([2, 4, 6] + [0] * 5)[:length]]
    assert layer(layers.Input((), dtype="string")).shape == (None, length)


def test_only_ascii_is_lowered_and_stripped_as_in_tensorflow():
    layer = layers.TextVectorization(vocabulary=["Über", "don't", "dont", "¿qué"])
    assert words_of(layer, "Über DON'T ¿Qué?") == ["Über", "dont", "¿qué"]
    kept = layers.TextVectorization(vocabulary=["don't"], standardize="lower")
    assert words_of(kept, "DON'T") == ["don't"]


def test_tokens_may_be_characters_or_ngrams():
    assert words_of(layers.TextVectorization(vocabulary=["é", "a"], split="character"), "éa") == ["é", "a"]
    layer = layers.TextVectorization(vocabulary=["a", "b", "a b"], ngrams=2)
    assert words_of(layer, "a b") == ["a", "b", "a b"]
    only = layers.TextVectorization(vocabulary=["a b c"], ngrams=(3,))
    assert words_of(only, "a b c") == ["a b c"]


def standardize(texts):
    return np.char.replace(texts, "x", "y")


def split(texts):
    return [text.split("-") for text in texts]


def test_functions_get_arrays_of_str():
    layer = layers.TextVectorization(standardize=standardize, split=split, output_mode="count")
    layer.adapt(["x-y", "z"])
    assert layer.get_vocabulary() == ["[UNK]", "y", "z"]
    assert layer([["x-q-y"]]).tolist() == [[1, 2, 0]]
    with jaxnn.saving.CustomObjectScope({"standardize": standardize, "split": split}):
        twin = layers.deserialize(layers.serialize(layer))
    assert (twin._standardize, twin._split) == (standardize, split)


def test_a_dataset_is_mapped_and_a_model_trains_on_it():
    layer = adapted(output_sequence_length=4)
    data = (
        Dataset.from_tensor_slices((TEXTS * 4, np.array([0.0, 1.0, 0.0] * 4))).batch(4).map(lambda x, y: (layer(x), y))
    )
    model = jaxnn.Sequential([layers.Embedding(layer.vocabulary_size(), 2), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(data, verbose=0).history["loss"][0])
    learned = layers.TextVectorization()
    learned.adapt(Dataset.from_tensor_slices(TEXTS).batch(2))
    assert learned.get_vocabulary() == layer.get_vocabulary()


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
def test_a_saved_layer_keeps_its_vocabulary(tmp_path, mode):
    layer = adapted(output_mode=mode, ngrams=2)
    model = jaxnn.Sequential([layers.Input((1,), dtype="string"), layer])
    model.save(tmp_path / "m.keras")
    loaded = jaxnn.saving.load_model(tmp_path / "m.keras").layers[0]
    assert loaded.get_config() == layer.get_config()
    np.testing.assert_array_equal(loaded(TEXTS), layer(TEXTS))


def test_what_does_not_fit_is_told():
    make = layers.TextVectorization
    for arguments, message in [
        ({"standardize": "upper"}, "`standardize` must be one of None, 'lower'"),
        ({"split": "word"}, "`split` must be one of None, 'whitespace', 'character'"),
        ({"output_mode": "bag"}, "Invalid value for argument `output_mode`"),
        ({"ngrams": "2"}, "`ngrams` must be None, an integer, or a tuple of integers"),
        ({"output_sequence_length": 2.5}, "`output_sequence_length` must be either None or an integer"),
        ({"output_sequence_length": 2, "output_mode": "count"}, "must not be set if `output_mode` is not 'int'"),
        ({"ragged": True}, "`ragged=True` can only be used with the TensorFlow backend"),
        ({"sparse": True, "output_mode": "count"}, "`sparse=True` can only be used with the TensorFlow backend"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(**arguments)
    layer = adapted()
    with pytest.raises(ValueError, match="the input rank must be 1 or the last shape dimension must be 1"):
        layer([["two", "texts"]])
    with pytest.raises(ValueError, match="expected strings; got float32 numbers"):
        jax.jit(layer)(np.ones(2, "float32"))
    with pytest.raises(RuntimeError, match="you must set the layer's vocabulary"):
        make(output_mode="count")(["a"])
