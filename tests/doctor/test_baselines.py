"""J502 finds its baselines in the targets: the best constant answer, the commonest class, the target of the row before."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from jaxnn import Input, Sequential, callbacks, layers, losses, metrics, optimizers, regularizers, utils
from jaxnn.doctor import read_history
from jaxnn.doctor.baselines import baselines, constant
from jaxnn.doctor.case import Case

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(200, 3).astype("float32")
LABELS = RANDOM.choice(3, 200, p=[0.6, 0.3, 0.1])
BINARY = (LABELS > 0).astype("float32")[:, None]
AMOUNTS = RANDOM.gamma(1.0, 3.0, (200, 1)).astype("float32")
WALK = np.cumsum(RANDOM.randn(201)).astype("float32")


def model_for(loss, units, activation=None, **compiled):
    model = Sequential([Input((3,)), layers.Dense(units, activation, **compiled.pop("layer", {}))])
    model.compile("sgd", loss, **{"metrics": ["accuracy"], **compiled})
    return model


def history_of(model, **record):
    """What `fit` would have returned."""
    history = callbacks.History()
    history.set_model(model)
    history.history = record
    return history


def found(model, y, x=X, weight=None):
    return {one.kind: one.value for one in baselines(Case("fit", model, x, y, weight))}


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (losses.BinaryCrossentropy(), BINARY),
        (losses.BinaryCrossentropy(label_smoothing=0.1), BINARY),
        (losses.MeanSquaredError(), AMOUNTS),
        (losses.MeanAbsoluteError(), AMOUNTS),
    ],
    ids=["binary", "smoothed", "mse", "mae"],
)
def test_the_constant_is_the_one_that_a_search_finds(loss, y):
    ends = (0.01, 0.99) if y is BINARY else (0.0, 30.0)
    best = minimize_scalar(lambda c: float(loss(y, np.full_like(y, c))), bounds=ends, method="bounded").fun
    value = constant(loss.fn.__name__, loss._fn_kwargs, y.astype(float))
    assert value == pytest.approx(best, rel=1e-4)  # float32 losses, and how near the search comes


def test_classes_cost_the_entropy_of_their_shares_however_they_are_given():
    shares = np.bincount(LABELS) / 200
    entropy = -(shares * np.log(shares)).sum()
    one_hot = np.eye(3)[LABELS]
    for loss, y in (("sparse_categorical_crossentropy", LABELS), ("categorical_crossentropy", one_hot)):
        values = found(model_for(loss, 3, "softmax"), y)
        assert values == pytest.approx({"constant": entropy, "majority": shares.max()})
    at_shares = losses.categorical_crossentropy(one_hot, np.tile(shares, (200, 1)))
    assert float(np.mean(at_shares)) == pytest.approx(entropy, rel=1e-5)


def test_a_loss_that_looks_fallen_is_no_better_than_a_constant():
    """The first epochs taught the classes' shares and no more: the curve alone doesn't show it."""
    model = model_for("sparse_categorical_crossentropy", 3, "softmax")
    record = {"loss": [3.0, 0.9, 0.9, 0.9, 0.8999], "accuracy": [0.6] * 5}
    history = history_of(model, **record)
    assert read_history(history).codes == []
    report = read_history(history, x=X, y=LABELS)
    assert report.codes == ["J502"]
    assert "the training loss ends at 0.8999, and the best constant answer has 0.8923" in str(report)
    assert read_history(history_of(model, loss=[3.0, 0.8, 0.8, 0.8, 0.8]), x=X, y=LABELS).codes == []


def test_a_baseline_says_more_than_a_flat_curve():
    model = model_for("sparse_categorical_crossentropy", 3, "softmax")
    report = read_history(history_of(model, loss=[0.92, 0.91, 0.9, 0.9, 0.9]), x=X, y=LABELS)
    assert "the best constant answer has 0.8923" in str(report)
    assert len(report.findings) == 1


def test_a_given_baseline_comes_first():
    model = model_for("sparse_categorical_crossentropy", 3, "softmax")
    history = history_of(model, loss=[3.0, 0.9, 0.9, 0.9, 0.9])
    assert read_history(history, baseline=3.0, x=X, y=LABELS).codes == []


def series(steps=3):
    """Windows of a random walk and the value after each."""
    x = np.stack([WALK[i : i + steps] for i in range(len(WALK) - steps)])
    return x, WALK[steps:]


@pytest.mark.parametrize("axes", [2, 3])
def test_the_last_value_is_found_among_the_inputs(axes):
    x, y = series()
    model = model_for("mse", 1, metrics=[])
    distance = np.square(y - x[:, -1]).mean()
    x = x if axes == 2 else x[..., None]
    if axes == 3:
        model = Sequential([Input((3, 1)), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
    assert found(model, y, x)["last-value"] == pytest.approx(distance)
    report = read_history(history_of(model, loss=[40.0, 20, 10, 5, 4 * distance]), x=x, y=y)
    assert report.codes == ["J502"]
    assert "the target of the row before, which is among the inputs, has" in str(report)
    near = [40.0, 20, 10, 5, distance, distance, 1.02 * distance]  # of a random walk nothing can be better
    assert read_history(history_of(model, loss=near), x=x, y=y).codes == []


def test_targets_in_order_are_no_series_unless_the_inputs_say_so():
    """y of a sorted grid: the row before is a good answer, which a network of x can't know of."""
    x = np.linspace(-3, 3, 200)[:, None] * np.ones(3)
    assert set(found(model_for("mse", 1, metrics=[]), np.sin(x[:, 0]), x)) == {"constant"}


def test_penalties_and_weights_leave_what_can_be_compared():
    penalised = model_for(
        "sparse_categorical_crossentropy", 3, "softmax", layer={"kernel_regularizer": regularizers.L2()}
    )
    assert set(found(penalised, LABELS)) == {"majority"}
    active = model_for("sparse_categorical_crossentropy", 3, "softmax", layer={"activity_regularizer": "l2"})
    assert set(found(active, LABELS)) == {"majority"}
    record = {"loss": [9.0, 5, 3, 2, 1.9], "accuracy": [0.2, 0.3, 0.35, 0.4, 0.4]}
    report = read_history(history_of(penalised, **record), x=X, y=LABELS)
    assert report.codes == ["J502"]
    assert "the training accuracy ends at 40%, and always saying the commonest class has" in str(report)
    plain = model_for("sparse_categorical_crossentropy", 3, "softmax")
    assert found(plain, LABELS, weight=np.ones(200)) == {}
    weighted = model_for("sparse_categorical_crossentropy", 3, "softmax", loss_weights=[2.0])
    assert set(found(weighted, LABELS)) == {"majority"}


def test_what_is_not_known_has_no_baseline():
    def own(y, y_pred):
        return y_pred - y

    assert found(model_for(own, 1), AMOUNTS) == {}
    assert found(model_for("huber", 1), AMOUNTS) == {}
    skipping = losses.SparseCategoricalCrossentropy(ignore_class=2)
    assert set(found(model_for(skipping, 3, "softmax"), LABELS)) == {"majority"}
    two = Sequential([Input((3,)), layers.Dense(2)])
    two.compile("sgd", ["mse", "mae"])
    assert found(two, np.full((200, 2), np.nan)) == {}


def test_the_doctor_tells_a_network_that_learns_its_labels_shares_only():
    """Six sigmoid layers: the loss falls at first, since the biases of the last learn what is common."""
    utils.set_random_seed(0)
    y = (X[:, 0] > 0.8).astype("float32")
    model = Sequential([Input((3,)), *[layers.Dense(8, "sigmoid") for _ in range(6)], layers.Dense(1, "sigmoid")])
    model.compile(optimizers.SGD(0.3), "binary_crossentropy", metrics=[metrics.BinaryAccuracy()])
    model.layers[-1].bias.assign([5.0])
    model.fit(X, y, epochs=8, batch_size=20, verbose=0)
    assert model.history.history["loss"][-1] < 0.6 * model.history.history["loss"][0]
    assert "J502" not in read_history(model.history).codes
    assert "J502" in model.doctor(X, y).codes


def test_the_doctor_is_silent_where_a_network_learns():
    utils.set_random_seed(0)
    y = (X[:, 0] > 0.8).astype("float32")
    model = Sequential([Input((3,)), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")])
    model.compile(optimizers.Adam(0.02), "binary_crossentropy")
    model.fit(X, y, epochs=8, batch_size=20, verbose=0)
    assert "J502" not in model.doctor(X, y).codes
