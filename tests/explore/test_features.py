"""Weights, filters, slopes by inputs, and where hidden layers put examples."""

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, layers
from tests.explore.models import IMAGES, X, Y, classifier, images


def test_weights_are_the_models():
    model = classifier()
    seen = explore.weights(model)
    for value, expected in zip(
        seen.data["values"].values(), (v.numpy() for v in model.trainable_variables), strict=True
    ):
        np.testing.assert_array_equal(value, expected.astype(float))
    np.testing.assert_allclose(seen.data["norm"][0], np.linalg.norm(model.get_weights()[0]), rtol=1e-6)
    count = sum(v.size for v in seen.data["values"].values())
    assert seen.finding.startswith(f"{count} trainable weights with a deviation of ")


def test_a_panel_of_weights_has_its_layers_name():
    pytest.importorskip("matplotlib")
    inner = keras.Sequential([keras.Input((4, 3)), layers.Bidirectional(layers.GRU(2), name="both ways")])
    model = keras.Sequential([keras.Input((4, 3)), inner, layers.Dense(1, name="odds")])
    seen = explore.weights(model)
    assert seen.data["titles"][-2:] == ["odds: kernel", "odds: bias"]
    assert seen.data["titles"][0] == "both ways: forward_layer/cell/kernel"
    assert len(set(seen.data["titles"])) == len(seen.data["names"]) == 8
    titles = [ax.get_title() for ax in seen.figure.axes]
    assert [title.replace(":\n", ": ") for title in titles] == seen.data["titles"]
    assert max(len(line) for title in titles for line in title.splitlines()) <= 36
    assert seen.finding.count("'both ways: ") + seen.finding.count("'odds: ") >= 1


def test_filters_of_a_convolution_and_of_a_dense_layer():
    model = images()
    seen = explore.filters(model)
    kernel = model.layers[0].get_weights()[0]
    np.testing.assert_array_equal(seen.data["filters"], np.moveaxis(kernel, -1, 0).astype(float))
    dense = explore.filters(model, "dense")
    assert dense.data["filters"].shape == (3, 8, 8, 1)  # 64 inputs fold to a square
    flat = explore.filters(model, "dense", shape=(4, 4, 4))
    np.testing.assert_allclose(flat.data["norm"], np.linalg.norm(model.layers[-1].get_weights()[0], axis=0), rtol=1e-6)
    with pytest.raises(
        ValueError, match=r"layer 'flatten' has no matrix or filters. Those that have: \['conv2d', 'dense'\]"
    ):
        explore.filters(model, "flatten")
    with pytest.raises(ValueError, match=r"shape \(3, 3\) has 9 entries; the layer has 64 inputs"):
        explore.filters(model, "dense", shape=(3, 3))


def test_filters_that_look_for_the_same_are_named():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="d")])
    model.set_weights([np.array([[1.0, 0.0, 2.0], [1.0, 1.0, 2.0], [0.0, 3.0, 0.1]]), np.zeros(3)])
    seen = explore.filters(model)
    assert seen.data["alike"].tolist() == [[0, 2]]
    assert "1 pairs look for nearly the same, as 0 and 2 do" in seen.finding


def test_saliency_is_the_slope_of_the_largest_output():
    model = images()
    seen = explore.saliency(model, IMAGES)
    params, state = model.take()

    def top(x):
        return model.apply(params, state, x[None])[0].max()

    np.testing.assert_allclose(seen.data["saliency"], np.abs(jax.vmap(jax.grad(top))(IMAGES)), rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(seen.data["unit"], model.predict(IMAGES, verbose=0).argmax(axis=1))
    fixed = explore.saliency(model, IMAGES, unit=1)
    assert set(fixed.data["unit"]) == {1}


def test_smoothing_a_linear_models_slope_changes_nothing():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.set_weights([np.array([[2.0], [0.0], [-1.0]]), np.zeros(1)])
    x = np.random.RandomState(0).randn(4, 3)
    seen = explore.saliency(model, x, smooth=5, names=["rain", "sun", "wind"])
    np.testing.assert_allclose(seen.data["saliency"], np.tile([2.0, 0, 1], (4, 1)), rtol=1e-6)
    assert seen.finding.startswith("The answers hang most on rain (2), wind (1) and sun (0)")
    with pytest.raises(ValueError, match="`unit` must be from 0 to 0; got 3"):
        explore.saliency(model, x, unit=3)


def test_the_embedding_is_that_of_the_layer():
    model = classifier()
    seen = explore.embedding(model, X, Y)
    assert seen.data["layer"] == "dense_1"  # the last before the output's
    part = keras.Model(model.inputs, model.get_layer("dense_1").output)
    np.testing.assert_allclose(seen.data["features"], part.predict(X, verbose=0), atol=1e-5)
    centred = X - X.mean(axis=0)
    np.testing.assert_allclose(
        seen.data["inputs_plane"].std(axis=0) ** 2 * 96, np.linalg.svd(centred)[1] ** 2, rtol=1e-5
    )
    assert explore.embedding(model, X, layer="dense").data["features"].shape == (96, 6)
    with pytest.raises(ValueError, match="there is no layer 'dens'"):
        explore.embedding(model, X, layer="dens")


def test_trained_features_part_what_inputs_do_not():
    model = classifier(dropout=0.0)
    model.fit(X, Y, epochs=80, verbose=0)
    data = explore.embedding(model, X, Y).data
    assert data["inputs_separation"] < 0.75  # two quadrants against two: both means lie in the middle
    assert data["separation"] > 0.85
