"""The loss around the weights: exact for two parameters, a filter-normalised slice for more, and its curvature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, layers
from jaxnn.explore.curvature import largest_eigenvalue
from jaxnn.explore.landscape import filter_normalised
from tests.explore.models import LINE_X, LINE_Y, X, Y, classifier, line


def mse(m, b):
    return ((3 - (m + b)) ** 2 + (5 - (2 * m + b)) ** 2) / 2


def test_two_parameters_give_the_exact_surface_and_the_way_by_hand():
    seen = explore.landscape(line(), LINE_X, LINE_Y, epochs=2, resolution=9)
    data = seen.data
    assert data["exact"]
    assert data["names"] == ["kernel", "bias"]
    np.testing.assert_allclose(data["loss"], mse(*np.meshgrid(data["a"], data["b"])), rtol=1e-4)
    np.testing.assert_allclose(data["path"][:2], [[-1, 5], [-0.7, 5.1]], rtol=1e-6)
    np.testing.assert_allclose(data["path_loss"][:2], [2.5, 1.825], rtol=1e-6)
    assert data["eigenvalue"] == pytest.approx((7 + np.sqrt(45)) / 2, rel=1e-4)
    assert data["rate_bound"] == pytest.approx(0.2918, abs=1e-4)
    assert "stable below a learning rate of 0.292" in seen.finding


def test_the_eigenvalue_is_the_largest_of_the_hessians():
    random = np.random.RandomState(0)
    a = random.randn(6, 6)
    for h in (a @ a.T, a + a.T, -a @ a.T):  # positive, mixed, negative
        w, v = np.linalg.eigh(h)
        value, direction = largest_eigenvalue(
            lambda p, h: p["w"] @ h @ p["w"] / 2, {"w": jnp.zeros(6)}, jnp.asarray(h, "float32"), key=jax.random.key(0),
            most=2000, tolerance=1e-7,
        )  # fmt: skip
        assert value == pytest.approx(w[-1], rel=1e-3, abs=1e-3)
        assert abs(np.asarray(direction["w"]) @ v[:, -1]) == pytest.approx(1, abs=1e-2)


def test_filters_of_the_direction_have_the_weights_size():
    model = classifier()
    params, _ = model.take()
    direction = filter_normalised(params, jax.random.key(0))
    for path, w in params.items():
        if w.ndim == 2:
            np.testing.assert_allclose(np.linalg.norm(direction[path], axis=0), np.linalg.norm(w, axis=0), rtol=1e-5)
        else:
            assert not np.any(direction[path])


def test_a_slice_has_the_models_own_loss_in_its_middle():
    model = classifier()
    seen = explore.landscape(model, X, Y, resolution=5)
    expected = model.evaluate(X, Y, verbose=0)[0]
    assert seen.data["loss"][2, 2] == pytest.approx(expected, rel=1e-5)
    assert seen.data["centre_loss"] == pytest.approx(expected, rel=1e-5)
    assert not seen.data["exact"]
    again = explore.landscape(model, X, Y, resolution=5)
    np.testing.assert_array_equal(seen.data["loss"], again.data["loss"])
    assert np.abs(explore.landscape(model, X, Y, resolution=5, seed=1).data["loss"] - seen.data["loss"]).max() > 1e-4


def test_the_way_of_training_lies_on_its_plane():
    seen = explore.landscape(classifier(dropout=0.0), X, Y, epochs=6, resolution=5, batch_size=96)
    path, losses = seen.data["path"], seen.data["path_loss"]
    assert path.shape == (7, 2)
    np.testing.assert_allclose(path[-1], 0, atol=1e-6)  # the plane is centred on the end
    assert losses[-1] < losses[0]
    assert 0.8 < seen.data["explained"] <= 1 + 1e-6
    one = explore.landscape(classifier(), X, Y, epochs=1, resolution=3)  # a straight line has one direction only
    assert one.data["explained"] == pytest.approx(1, abs=1e-5)


def test_a_model_without_weights_is_told():
    model = keras.Sequential([keras.Input((2,)), layers.ReLU()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no trainable weight to move"):
        explore.landscape(model, X, X**2)


def test_reach_is_how_far_the_map_goes():
    near = explore.landscape(classifier(), X, Y, resolution=3, reach=0.5)
    assert near.data["a"].tolist() == near.data["b"].tolist() == [-0.5, 0.0, 0.5]
    one, two = (
        explore.landscape(classifier(dropout=0.0), X, Y, epochs=3, resolution=3, batch_size=96, reach=r) for r in (1, 2)
    )
    for side in ("a", "b"):
        assert np.ptp(two.data[side]) == pytest.approx(2 * np.ptp(one.data[side]))
        assert two.data[side][1] == pytest.approx(one.data[side][1], abs=1e-6)  # the same middle
    assert np.ptp(one.data["a"]) == pytest.approx(1.5 * np.ptp(one.data["path"][:, 0]))


@pytest.mark.parametrize("reach", [0, -1.0, np.nan, np.inf, "far", None, True])
def test_a_reach_that_is_none_is_told(reach):
    with pytest.raises(
        ValueError, match=r"explore.landscape: `reach`, how far the map goes, must be a positive number; got"
    ):
        explore.landscape(classifier(), X, Y, reach=reach)
