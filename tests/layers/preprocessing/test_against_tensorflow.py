"""Layers of strings beside Keras's, which need TensorFlow: what they gave is in keras_with_tensorflow.json."""

import json
from pathlib import Path

import numpy as np
import pytest

from jaxnn import layers
from jaxnn.saving import load_model

FOLDER = Path(__file__).parent
KERAS = json.loads((FOLDER / "keras_with_tensorflow.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted({case["layer"] for case in KERAS["cases"]}))
def test_outputs_are_those_of_keras_with_tensorflow(name):
    for case in KERAS["cases"]:
        if case["layer"] != name:
            continue
        arguments = {k: tuple(v) if k == "ngrams" and isinstance(v, list) else v for k, v in case["arguments"].items()}
        layer = getattr(layers, name)(**arguments)
        if case["adapted_to"]:
            layer.adapt(np.array(KERAS[case["adapted_to"]]))
        inputs = case["inputs"]
        y = layer([np.array(x) for x in inputs] if name == "HashedCrossing" else inputs)
        assert y.dtype == case["dtype"], case
        np.testing.assert_allclose(y, case["output"], rtol=1e-6, err_msg=str(case))  # written with seven digits
        symbolic = layer.compute_output_spec(symbols_of(inputs, name))
        assert symbolic.dtype == y.dtype
        if np.ndim(inputs) and name != "HashedCrossing":
            expected = [n if told is not None else None for n, told in zip(y.shape, symbolic.shape, strict=True)]
            assert list(symbolic.shape) == expected, case


def symbols_of(inputs, name):
    def symbol(x):
        return layers.Input(batch_shape=np.shape(x), dtype="string" if np.asarray(x).dtype.kind == "U" else "int32")

    return [symbol(x) for x in inputs] if name == "HashedCrossing" else symbol(inputs)


def test_a_file_of_keras_brings_its_vocabularies():
    model = load_model(FOLDER / "written_by_keras.keras")
    texts, words, codes, bins, levels, scaled = map(
        model.get_layer, ("texts", "words", "codes", "bins", "levels", "scaled")
    )
    assert texts.get_vocabulary()[:6] == ["[UNK]", "the", "a", "the the", "fish", "Über den"]
    np.testing.assert_allclose(texts(["the cat a"])[0, :3], [1.0735, 0.8473, 0.8473], atol=5e-5)  # four decimals
    assert words([["x", "q"]]).tolist() == [[0, 1, 1, 0]]
    assert codes(np.array([6, 7])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert bins(np.array([6, 7])).argmax(-1).tolist() == [1, 5]
    assert levels.bin_boundaries == [9.0, 19.0]
    np.testing.assert_allclose(scaled(np.ones((1, 2))), [[-1.17108, -1.46385]], rtol=1e-5)
