"""KerasFileEditor: a file is looked at, compared, changed and saved again."""

import numpy as np
import pytest

import jaxnn as keras
from jaxnn.saving import KerasFileEditor


def chain(*units):
    return keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(n) for n in units)])


@pytest.fixture
def editor(tmp_path):
    model = chain(3, 3)
    model.save(tmp_path / "model.keras")
    return KerasFileEditor(tmp_path / "model.keras")


def test_a_file_agrees_with_its_model(editor, capsys):
    assert editor.compare(chain(3, 3)) == {"status": "success", "error_count": 0, "match_count": 4}
    assert editor.config["class_name"] == "Sequential"
    editor.summary()
    assert "    dense_1\n      0: shape=(3, 3), dtype=float32" in capsys.readouterr().out


def test_differences_are_counted_and_told(editor, capsys):
    assert editor.compare(chain(3, 4)) == {"status": "error", "error_count": 2, "match_count": 2}
    assert "'layers/dense_1/0' has shape (3, 3), the model's (3, 4)" in capsys.readouterr().out
    assert editor.compare(chain(3, 3, 3))["error_count"] == 1
    assert "'layers/dense_2' is in the model, but not in the file" in capsys.readouterr().out


def test_a_layer_is_put_between_two_others(editor, tmp_path):
    editor.rename_object("layers/dense_1", "dense_2")
    editor.add_object("layers/dense_1", {"0": np.eye(3)})
    editor.add_weights("dense_1", {"1": np.zeros(3)})
    target = chain(3, 3, 3)
    assert editor.compare(target)["status"] == "success"
    editor.save(tmp_path / "wider.weights.h5")
    target.load_weights(tmp_path / "wider.weights.h5")
    np.testing.assert_array_equal(target.layers[1].kernel.numpy(), np.eye(3))
    again = KerasFileEditor(tmp_path / "wider.weights.h5")
    again.delete_weight("dense_1", "1")
    again.delete_object("dense_2")
    assert again.compare(target)["error_count"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.rename_object("dense", "a/b"), "`new_name` should be a leaf name"),
        (lambda e: e.delete_object("dense_9"), "Name 'dense_9' does not appear"),
        (lambda e: e.delete_object("layers/dense_9"), "Path 'layers/dense_9' not found"),
        (lambda e: e.add_object("blocks/dense", {}), "Path 'blocks' not found"),
        (lambda e: e.add_weights("dense", [1]), "Argument `weights` should be a dict"),
        (lambda e: e.delete_weight("dense", "7"), "Weight 7 not found in object dense"),
        (lambda e: e.delete_object("0"), "occurs more than once"),
        (lambda e: e.save("model.keras"), "expected a `.weights.h5` extension"),
        (lambda e: KerasFileEditor("model.h5"), "Invalid filename"),
    ],
)
def test_what_cannot_be_done_is_told(editor, change, message):
    with pytest.raises(ValueError, match=message):
        change(editor)
