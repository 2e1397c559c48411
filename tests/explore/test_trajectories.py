"""Paths of optimisers against those by hand."""

import numpy as np
import optax
import pytest

from jaxnn import explore, optimizers
from tests.explore.models import LINE_X, LINE_Y, X, Y, classifier, line


def test_sgds_path_on_a_ravine_is_the_one_by_hand():
    seen = explore.trajectories("ravine", {"SGD": optimizers.SGD(0.02)}, steps=10)
    w, by_hand = np.array([2.0, 0.5]), []
    for _ in range(11):
        by_hand.append(w)
        w = w - 0.02 * w * [1, 40]
    np.testing.assert_allclose(seen.data["paths"][0], by_hand, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(seen.data["losses"][0], [(a**2 + 40 * b**2) / 2 for a, b in by_hand], rtol=1e-4)


def test_above_the_bound_it_diverges():
    rates = {"below": optimizers.SGD(0.049), "above": optimizers.SGD(0.052)}
    seen = explore.trajectories("ravine", rates, steps=200)
    assert seen.data["diverged"].tolist() == [False, True]
    assert "'above' diverges." in seen.finding
    assert seen.finding.startswith("After 200 steps 'below' is lowest")


def test_a_models_loss_is_a_surface():
    rates = {"0.5": optimizers.SGD(0.5), "0.1": optimizers.SGD(0.1)}
    seen = explore.trajectories(line(), rates, x=LINE_X, y=LINE_Y, steps=40)
    np.testing.assert_allclose(seen.data["paths"][1, :2], [[-1, 5], [-0.7, 5.1]], rtol=1e-6)
    assert seen.data["axes"] == ["kernel", "bias"]
    assert seen.data["diverged"].tolist() == [True, False]


def test_functions_of_two_numbers_and_of_an_array_are_the_same():
    one = explore.trajectories(lambda a, b: a**2 + b**2, ["sgd", optax.adam(0.1)], start=(1, 2), steps=5)
    two = explore.trajectories(lambda w: (w**2).sum(), ["sgd", optax.adam(0.1)], start=(1, 2), steps=5)
    np.testing.assert_allclose(one.data["paths"], two.data["paths"], rtol=1e-6)
    assert len(one.data["names"]) == 2


def test_an_optimiser_that_has_trained_stays_as_it_is_and_starts_afresh():
    model = classifier()
    model.fit(X, Y, epochs=1, verbose=0)
    before = [v.numpy() for v in model.optimizer.variables]
    used = explore.trajectories("saddle", {"used": model.optimizer, "new": optimizers.Adam(0.01)}, steps=5)
    np.testing.assert_array_equal(*used.data["paths"])
    for a, v in zip(before, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, v.numpy())


def test_one_sample_a_step_is_the_descent_by_hand_over_the_shuffled_rows():
    sizes = {"one sample": 1, "both": 2, "all": None}
    rates = dict.fromkeys(sizes, optimizers.SGD(0.1))
    seen = explore.trajectories(line(), rates, x=LINE_X, y=LINE_Y, steps=6, batch_size=sizes)
    shuffles = np.random.RandomState(0)
    (m, b), by_hand = (-1.0, 5.0), []
    for row in np.concatenate([shuffles.permutation(2) for _ in range(4)])[:7]:
        by_hand.append((m, b))
        error = m * LINE_X[row, 0] + b - LINE_Y[row, 0]
        m, b = m - 0.2 * error * LINE_X[row, 0], b - 0.2 * error
    np.testing.assert_allclose(seen.data["paths"][0], by_hand, rtol=1e-5)
    np.testing.assert_allclose(seen.data["paths"][1], seen.data["paths"][2], rtol=1e-6)
    errors = seen.data["paths"][0] @ [LINE_X[:, 0], [1, 1]] - LINE_Y[:, 0]
    np.testing.assert_allclose(seen.data["losses"][0], (errors**2).mean(axis=1), rtol=1e-4)  # heights are of all rows


def test_mistakes_are_told():
    with pytest.raises(
        ValueError, match=r"`function` must be one of 'ravine', 'saddle', 'bumpy'; got 'ravin'. Did you mean"
    ):
        explore.trajectories("ravin", "sgd")
    with pytest.raises(ValueError, match=r"draws two parameters; model '.*' has \d+. See explore.landscape"):
        explore.trajectories(classifier(), "sgd", x=X, y=Y)
    with pytest.raises(ValueError, match=r"the loss of a model needs data"):
        explore.trajectories(line(), "sgd")
    with pytest.raises(ValueError, match=r"`start` must be two numbers; got 3"):
        explore.trajectories("ravine", "sgd", start=3)
    with pytest.raises(ValueError, match=r"a function of two numbers or a model was expected; got 3"):
        explore.trajectories(3, "sgd")
    with pytest.raises(
        ValueError, match=r"only a model's loss has batches; got batch_size for a function. Leave it out."
    ):
        explore.trajectories("ravine", "sgd", batch_size=4)
    with pytest.raises(ValueError, match=r"`name in batch_size` must be one of 'sgd'; got 'SGD'"):
        explore.trajectories(line(), "sgd", x=LINE_X, y=LINE_Y, batch_size={"SGD": 4})


def test_down_a_saddle_without_end_is_no_divergence():
    seen = explore.trajectories("saddle", {"momentum": optimizers.SGD(0.02, momentum=0.9)}, steps=150)
    assert seen.data["losses"][0, -1] < -100
    assert not seen.data["diverged"].any()
    low, _ = seen.figure.axes[1].get_ylim()
    assert low > -1  # the map's own heights, else the start of the way couldn't be seen


def test_a_path_alone_is_told_from_its_start_to_its_end():
    seen = explore.trajectories("ravine", {"plain": optimizers.SGD(0.02)}, steps=20)
    start, end = seen.data["losses"][0, [0, -1]]
    assert seen.finding == f"After 20 steps 'plain' is at {end:.3g}, from {start:.3g}."


def test_the_scale_says_what_a_height_is():
    pytest.importorskip("matplotlib")
    for what, seen in {
        "height": explore.trajectories("ravine", "sgd", steps=3, resolution=5),
        "loss": explore.trajectories(line(), "sgd", steps=3, resolution=5, x=LINE_X, y=LINE_Y),
    }.items():
        _, heights, scale = seen.figure.axes
        assert scale.get_ylabel() == heights.get_ylabel() == seen.data["measure"] == what
