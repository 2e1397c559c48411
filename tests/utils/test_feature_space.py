"""FeatureSpace; what Keras's (with TensorFlow) gave for the same table is written down here."""

from pathlib import Path

import numpy as np
import pytest

from jaxnn import Model, Sequential, layers
from jaxnn.saving import load_model
from jaxnn.utils import FeatureSpace
from jaxnn.utils.dataset import Dataset

TABLE = {
    "f": [0.1, 0.2, 0.3, 0.4],
    "n": [1.0, 2.0, 3.0, 4.0],
    "d": [0.0, 1.0, 2.0, 3.0],
    "i": [5, 6, 5, 7],
    "s": ["a", "b", "a", "c"],
    "h": ["x", "y", "z", "x"],
    "ih": [1, 2, 3, 4],
    "r": [1.0, 2.0, 3.0, 4.0],
}
# d: 3, f: 1, h: 4, i: 4, ih: 6, n: 1, r: 1, s: 4, h_X_i: 3, s_X_i: 5
EXPECTED = [
    "1 0 0  0.1  0 0 1 0  0 1 0 0  0 0 0 1 0 0  -1.3416407  0.5  0 1 0 0  1 0 0  0 1 0 0 0",
    "0 1 0  0.2  0 1 0 0  0 0 0 1  0 1 0 0 0 0  -0.4472136  1.0  0 0 0 1  0 1 0  1 0 0 0 0",
]


def space_of_all_kinds():
    kind = FeatureSpace
    return FeatureSpace(
        {
            "f": "float",
            "n": kind.float_normalized(),
            "d": kind.float_discretized(num_bins=3),
            "i": kind.integer_categorical(),
            "s": kind.string_categorical(),
            "h": kind.string_hashed(num_bins=4),
            "ih": "integer_hashed",
            "r": kind.float_rescaled(scale=0.5),
        },
        crosses=[("s", "i"), kind.cross(("h", "i"), crossing_dim=3)],
        crossing_dim=5,
        hashing_dim=6,
    )


def rows(table, part):
    return {name: np.array(column[part]) for name, column in table.items()}


def test_rows_are_encoded_as_in_keras():
    space = space_of_all_kinds()
    space.adapt(TABLE)
    expected = np.array([[float(x) for x in row.split()] for row in EXPECTED])
    np.testing.assert_allclose(space(rows(TABLE, slice(2))), expected, rtol=1e-6)
    np.testing.assert_allclose(space(rows(TABLE, 0)), expected[0], rtol=1e-6)
    assert space.get_encoded_features().shape == (None, 32)
    assert space.crossers["s_X_i"].num_bins == 5


@pytest.mark.parametrize("batch", [None, 3])
def test_a_dataset_is_learned_from_and_mapped(batch):
    data = Dataset.from_tensor_slices({name: np.array(column) for name, column in TABLE.items()})
    space, other = space_of_all_kinds(), space_of_all_kinds()
    space.adapt(data.batch(batch) if batch else data)
    other.adapt(TABLE)
    mapped = np.concatenate([np.asarray(y) for y in data.batch(2).map(space)])
    np.testing.assert_allclose(mapped, other(rows(TABLE, slice(4))), rtol=1e-6)


def test_each_column_by_its_name():
    space = FeatureSpace(
        {"i": FeatureSpace.integer_categorical(output_mode="int"), "s": "string_categorical", "f": "float"},
        output_mode="dict",
    )
    space.adapt(TABLE)
    y = space(rows({name: TABLE[name] for name in "isf"}, slice(4)))
    assert y["i"].tolist() == [[1], [3], [1], [2]]
    assert y["s"].tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]]
    assert space({"i": 7, "s": "?", "f": 0.5})["s"].tolist() == [1, 0, 0, 0]


def test_what_is_encoded_trains_a_model():
    space = space_of_all_kinds()
    space.adapt(TABLE)
    model = Sequential([layers.Dense(1)])
    model.compile("adam", "mse")
    assert np.isfinite(model.fit(space(rows(TABLE, slice(4))), np.zeros(4), verbose=0).history["loss"][0])


def test_a_model_of_numbers_begins_with_the_table():
    space = FeatureSpace({"i": "integer_categorical", "n": "float_normalized"})
    space.adapt(TABLE)
    model = Model(space.get_inputs(), space.get_encoded_features())
    table = rows({name: TABLE[name] for name in "in"}, slice(4))
    np.testing.assert_allclose(model.predict(table, verbose=0), space(table), rtol=1e-6)


def test_files_keep_what_was_learned_those_of_keras_too(tmp_path):
    space = space_of_all_kinds()
    space.adapt(TABLE)
    space.save(tmp_path / "space.keras")
    expected = space(rows(TABLE, slice(4)))
    for path in (tmp_path / "space.keras", Path(__file__).parent / "feature_space_of_keras.keras"):
        np.testing.assert_allclose(load_model(path)(rows(TABLE, slice(4))), expected, rtol=1e-6)


def test_what_does_not_fit_is_told():
    for arguments, message in [
        ({"features": {}}, "cannot be None or empty"),
        ({"features": {"a": "floaty"}}, r"Invalid feature type: floaty\. Did you mean 'float'"),
        ({"features": {"a": "float"}, "output_mode": "list"}, "`output_mode` must be one of 'dict', 'concat'"),
        ({"features": {"a": "float"}, "crosses": [("a", "b")]}, "should be present in the `features` dict"),
        ({"features": {"a": "float", "b": "float"}, "crosses": [("a", "b")], "crossing_dim": 0}, "should be specified"),
    ]:
        with pytest.raises(ValueError, match=message):
            FeatureSpace(**arguments)
    with pytest.raises(ValueError, match=r"You need to call `\.adapt"):
        FeatureSpace({"n": "float_normalized"})({"n": 1.0})
    with pytest.raises(ValueError, match="can only be called with a dict"):
        FeatureSpace({"f": "float"})([1.0])
    with pytest.raises(ValueError, match="can only be called on a dataset of dicts"):
        FeatureSpace({"n": "float_normalized"}).adapt(iter([{"n": 1.0}]))
    with pytest.raises(ValueError, match="has not been encoded"):
        FeatureSpace({"i": FeatureSpace.integer_hashed(3, output_mode="int")})({"i": 1})
    odd = FeatureSpace.feature("float32", layers.Rescaling(2.0), "one_hot")
    with pytest.raises(ValueError, match="its preprocessor should return an integer dtype"):
        FeatureSpace({"f": odd})({"f": 1.0})
    strange = FeatureSpace.feature("int32", layers.Identity(), "one_hot")
    with pytest.raises(ValueError, match="the dimensionality of its output space is not known"):
        FeatureSpace({"f": strange})({"f": 1})
    with pytest.raises(ValueError, match="`output_mode` must be one of 'int', 'one_hot', 'float'"):
        FeatureSpace.feature("int32", layers.Identity(), "hot")
    with pytest.raises(ValueError, match="`output_mode` must be one of 'int', 'one_hot'"):
        FeatureSpace.cross(("a", "b"), 3, output_mode="float")
