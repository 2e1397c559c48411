"""Which part of a file goes to which part of a model, when they were made by different versions."""

import h5py
import numpy as np
import pytest

import jaxnn as keras


class Nested(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [(keras.layers.Dense(2),), (keras.layers.Dense(2),)]
        self.out = keras.layers.Dense(2)

    def call(self, x):
        for (layer,) in self.blocks:
            x = layer(x)
        return self.out(x)


def nested():
    model = Nested()
    model(np.ones((1, 2)))
    return model


def rewritten(path, moves):
    """The file with groups moved, as older versions had them, or removed."""
    with h5py.File(path, "a") as file:
        for old, new in moves:
            file.move(old, "moving") if new else file.pop(old)
            if new:
                file.move("moving", new)
    return path


@pytest.fixture
def saved(tmp_path):
    model = nested()
    model.save_weights(tmp_path / "model.weights.h5")
    return model, tmp_path / "model.weights.h5"


def test_a_part_is_looked_for_under_each_of_its_names(saved):
    model, path = saved
    moves = [
        ("blocks/container/dense", "layers/dense"),
        ("blocks/container_1/dense", "layers/dense_1"),
        ("blocks", None),
    ]
    twin = nested()
    twin.load_weights(rewritten(path, moves))
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_lists_in_lists_that_an_old_file_lacks_keep_their_weights(saved):
    model, path = saved
    twin = nested()
    before = twin.blocks[1][0].kernel.numpy()
    with pytest.warns(UserWarning, match="Skipping nested container at 'blocks/container_1'"):
        twin.load_weights(rewritten(path, [("blocks/container_1", None)]))
    np.testing.assert_array_equal(twin.blocks[1][0].kernel.numpy(), before)
    np.testing.assert_array_equal(twin.blocks[0][0].kernel.numpy(), model.blocks[0][0].kernel.numpy())


def test_files_of_keras_2_13_are_found_where_it_put_layers(tmp_path):
    model, twin = (keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]) for _ in range(2))
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    twin.load_weights(rewritten(path, [("layers", "_layer_checkpoint_dependencies")]))
    np.testing.assert_array_equal(twin.get_weights()[0], model.get_weights()[0])


def test_objects_to_skip_stay_as_they_are(tmp_path):
    model, twin = (
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(3)]) for _ in range(2)
    )
    before = twin.layers[0].kernel.numpy()
    keras.saving.save_weights(model, tmp_path / "part.weights.h5", objects_to_skip=[model.layers[0]])
    with h5py.File(tmp_path / "part.weights.h5") as file:
        assert list(file["layers"]) == ["dense_1"]
    twin.load_weights(tmp_path / "part.weights.h5", objects_to_skip=[twin.layers[0]])
    np.testing.assert_array_equal(twin.layers[0].kernel.numpy(), before)
    np.testing.assert_array_equal(twin.layers[1].kernel.numpy(), model.layers[1].kernel.numpy())
    with pytest.raises(ValueError, match=r"'layers/dense': .*expected 2 variables, but received 0"):
        twin.load_weights(tmp_path / "part.weights.h5")


@pytest.mark.parametrize(
    ("name", "kwargs", "message"),
    [
        ("model.keras", {"objects_to_skip": []}, "`objects_to_skip` only supports"),
        ("model.weights.h5", {"by_name": True}, "`by_name` only supports loading legacy"),
        ("model.weights.h5", {"colour": 1}, "Invalid keyword arguments"),
        ("model.pkl", {}, "File format not supported"),
    ],
)
def test_what_a_format_does_not_have_is_told(name, kwargs, message):
    with pytest.raises(ValueError, match=message):
        nested().load_weights(name, **kwargs)


def test_an_unbuilt_model_is_told(tmp_path):
    with pytest.raises(ValueError, match="You are saving a model that has not yet been built"):
        Nested().save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(ValueError, match="You are loading weights into a model that has not yet been built"):
        Nested().load_weights(tmp_path / "model.weights.h5")
    with pytest.raises(FileNotFoundError, match="load_weights: there is no file"):
        nested().load_weights(tmp_path / "model.weights.h5")
