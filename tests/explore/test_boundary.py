"""Maps of the plane against the model's own outputs."""

import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, layers
from tests.explore.models import X, Y, classifier


def test_the_map_is_the_models_output_there_and_the_units_their_own():
    model = classifier()
    data = explore.boundary(model, X, Y, resolution=7).data
    plane = np.stack(np.meshgrid(data["x1"], data["x2"]), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(data["output"].reshape(-1, 1), model.predict(plane, verbose=0), atol=1e-6)
    kernel, bias = model.layers[0].get_weights()
    np.testing.assert_allclose(data["hidden"]["dense"].reshape(-1, 6), np.tanh(plane @ kernel + bias), atol=1e-5)
    assert list(data["hidden"]) == ["dense", "batch_normalization", "dense_1"]
    np.testing.assert_array_equal(data["classes"], data["output"][..., 0] > 0.5)
    told = model.predict(X, verbose=0)[:, 0] > 0.5
    assert data["accuracy"] == pytest.approx(np.mean(told == Y))


def test_the_map_holds_the_data_with_a_margin():
    data = explore.boundary(classifier(), X, resolution=5, margin=0.5).data
    for axis, k in (("x1", 0), ("x2", 1)):
        assert data[axis][0] == pytest.approx(X[:, k].min() - 0.5 * np.ptp(X[:, k]), rel=1e-5)
    assert "labels" not in data


def test_several_classes_are_regions():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, "softmax")])
    seen = explore.boundary(model, X, np.eye(3)[Y], resolution=5)
    assert seen.data["classes"].shape == (5, 5)
    assert set(np.unique(seen.data["labels"])) == {0, 1}
    assert seen.figure is not None


def test_other_than_two_features_are_refused():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"draws a plane: x must be \(rows, 2\); got \(4, 3\)"):
        explore.boundary(model, np.zeros((4, 3)))


def test_the_names_of_the_classes_stand_out_from_the_map_whatever_matplotlibs_settings():
    with pytest.importorskip("matplotlib").rc_context({"legend.frameon": False}):
        figure = explore.boundary(classifier(), X, Y, resolution=5).figure
    assert figure.subfigs[0].axes[0].get_legend().get_frame_on()
