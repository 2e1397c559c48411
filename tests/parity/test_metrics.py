"""Every metric against Keras's: configs, and totals and results after several weighted batches, bit for bit."""

import jax
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn import metrics
from tests.parity.test_losses import (
    CLASSES,
    ROWS,
    assert_same_bits,
    binary,
    column,
    distributions,
    label_column,
    labels,
    numbers,
    one_hot,
    positive,
    signs,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:Explicitly requested dtype int64",  # Keras's confusion matrix asks for what JAX hasn't got
    "ignore:.*adjusted R2 score",  # too few rows for the drawn number of regressors: both say so
    "ignore:.*Adjusted R2 score",
)


def scores(rng):
    return rng.integers(0, 2, ROWS), rng.uniform(size=ROWS).round(1)


def classes(rng):
    return rng.integers(-1, CLASSES + 1, (ROWS, 2)), rng.integers(0, CLASSES, (ROWS, 2))


def sorted_ids(rng):
    return rng.integers(0, CLASSES, ROWS), np.stack([rng.permutation(CLASSES) for _ in range(ROWS)])


def sequences(rng):
    return rng.integers(0, CLASSES, (ROWS, 2)), rng.uniform(size=(ROWS, 2, CLASSES))


def one_hot_sequences(rng):
    y_true, y_pred = sequences(rng)
    return np.eye(CLASSES)[y_true], y_pred


logits, smoothing = st.booleans(), st.sampled_from([0, 0.1])
thresholds = st.sampled_from([None, 0.3, [0.2, 0.7], [0.0, 0.5, 1.0], [0.0, 0.25, 0.5, 0.75, 1.0]])
at_least = st.sampled_from([0.0, 0.4, 0.9])
tries = st.sampled_from([1, 5, 200])
k = st.sampled_from([1, 2, 3])
METRICS = {
    "MeanSquaredError": ((numbers, column), {}),
    "RootMeanSquaredError": ((numbers, column), {}),
    "MeanAbsoluteError": ((numbers, column), {}),
    "MeanAbsolutePercentageError": ((numbers, column), {}),
    "MeanSquaredLogarithmicError": ((positive, numbers), {}),
    "CosineSimilarity": ((numbers,), {"axis": st.sampled_from([-1, 0])}),
    "LogCoshError": ((numbers, column), {}),
    "Hinge": ((signs, binary), {}),
    "SquaredHinge": ((signs, binary), {}),
    "CategoricalHinge": ((one_hot,), {}),
    "KLDivergence": ((distributions,), {}),
    "Poisson": ((positive,), {}),
    "BinaryCrossentropy": ((binary,), {"from_logits": logits, "label_smoothing": smoothing}),
    "CategoricalCrossentropy": ((one_hot,), {"from_logits": logits, "label_smoothing": smoothing}),
    "SparseCategoricalCrossentropy": (
        (labels, label_column, sequences),
        {"from_logits": logits, "ignore_class": st.sampled_from([None, 0])},
    ),
    "Accuracy": ((classes,), {}),
    "BinaryAccuracy": ((binary, column), {"threshold": st.sampled_from([0.3, 0.5])}),
    "CategoricalAccuracy": ((one_hot, one_hot_sequences), {}),
    "SparseCategoricalAccuracy": ((labels, label_column, sequences), {}),
    "TopKCategoricalAccuracy": ((one_hot, one_hot_sequences), {"k": k}),
    "SparseTopKCategoricalAccuracy": ((labels, label_column, sequences), {"k": k}),
    "PearsonCorrelation": ((numbers,), {"axis": st.sampled_from([-1, 0])}),
    "ConcordanceCorrelation": ((numbers,), {"axis": st.sampled_from([-1, 0])}),
    "TruePositives": ((binary, scores), {"thresholds": thresholds}),
    "TrueNegatives": ((binary, scores), {"thresholds": thresholds}),
    "FalsePositives": ((binary, scores), {"thresholds": thresholds}),
    "FalseNegatives": ((binary, scores), {"thresholds": thresholds}),
    "Precision": (
        (binary,),
        {"thresholds": thresholds, "top_k": st.sampled_from([None, 2]), "class_id": st.sampled_from([None, 1])},
    ),
    "Recall": (
        (binary,),
        {"thresholds": thresholds, "top_k": st.sampled_from([None, 2]), "class_id": st.sampled_from([None, 1])},
    ),
    "SensitivityAtSpecificity": ((binary, scores), {"specificity": at_least, "num_thresholds": tries}),
    "SpecificityAtSensitivity": ((binary, scores), {"sensitivity": at_least, "num_thresholds": tries}),
    "PrecisionAtRecall": ((binary, scores), {"recall": at_least, "num_thresholds": tries}),
    "RecallAtPrecision": ((binary, scores), {"precision": at_least, "num_thresholds": tries}),
    "AUC": (
        (binary,),
        {
            "num_thresholds": st.sampled_from([3, 200]),
            "curve": st.sampled_from(["ROC", "PR", "PRGAIN"]),
            "summation_method": st.sampled_from(["interpolation", "minoring", "majoring"]),
            "thresholds": st.sampled_from([None, [0.3, 0.6], [0.5]]),
            "multi_label": st.booleans(),
            "label_weights": st.sampled_from([None, [0.1, 0.4, 0.3, 0.2]]),
            "from_logits": logits,
        },
    ),
    "FBetaScore": (
        (binary,),
        {
            "average": st.sampled_from([None, "micro", "macro", "weighted"]),
            "beta": st.sampled_from([0.5, 2.0]),
            "threshold": st.sampled_from([None, 0.4]),
        },
    ),
    "F1Score": ((binary,), {"average": st.sampled_from([None, "micro", "macro", "weighted"])}),
    "R2Score": (
        (numbers,),
        {
            "class_aggregation": st.sampled_from([None, "uniform_average", "variance_weighted_average"]),
            "num_regressors": st.sampled_from([0, 3]),
        },
    ),
    "IoU": ((classes,), {"ignore_class": st.sampled_from([None, 1])}),
    "MeanIoU": ((classes,), {"ignore_class": st.sampled_from([None, 1])}),
    "BinaryIoU": ((column, scores), {"threshold": st.sampled_from([0.3, 0.5])}),
    "OneHotIoU": ((one_hot,), {"sparse_y_pred": st.just(False)}),
    "OneHotMeanIoU": ((one_hot,), {}),
}
REQUIRED = {
    "IoU": {"num_classes": CLASSES, "target_class_ids": [0, 2]},
    "MeanIoU": {"num_classes": CLASSES},
    "OneHotIoU": {"num_classes": CLASSES, "target_class_ids": [0, 2]},
    "OneHotMeanIoU": {"num_classes": CLASSES},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
}


def drawn_pair(draw, name, dtypes):
    """The same metric twice, ours and Keras's, with drawn arguments."""
    datas, arguments = METRICS[name]
    drawn = {key: draw(value) for key, value in arguments.items() if draw(st.booleans())}
    kwargs = {"name": "metric", "dtype": draw(st.sampled_from(dtypes)), **REQUIRED.get(name, {}), **drawn}
    return getattr(metrics, name)(**kwargs), getattr(keras.metrics, name)(**kwargs), draw(st.sampled_from(datas))


def drawn_weights(draw, metric, y_true, rng):
    """None, or weights of one of the shapes that the metric takes."""
    name = type(metric).__name__
    if draw(st.booleans()) or getattr(metric, "_fn_kwargs", {}).get("axis") == 0:
        return None
    if "IoU" in name:
        return rng.integers(0, 3, (ROWS,) if "OneHot" in name else y_true.shape)
    shapes = [(ROWS,)] if name in ("FBetaScore", "F1Score", "R2Score") else [(ROWS,), (ROWS, 1)]
    shapes = [y_true.shape, (*y_true.shape, 1)] if y_true.shape == (ROWS, 2) else shapes  # a weight for each time step
    shapes = [(ROWS,)] if hasattr(metric, "num_thresholds") or hasattr(metric, "thresholds") else shapes
    return rng.uniform(size=draw(st.sampled_from(shapes))).astype("float32")


def assert_same_state(ours, theirs):
    assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]
    for v, w in zip(ours.variables, theirs.variables, strict=True):
        assert_same_bits(v.value, w.value)
    assert_same_bits(ours.result(), theirs.result())


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.data())
def test_metrics_equal_kerass_to_the_bit(data):
    compare(data)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.data())
def test_metrics_of_many_arguments_equal_kerass_to_the_bit(data):
    compare(data)


def compare(data):
    name = data.draw(st.sampled_from(sorted(METRICS)))
    ours, theirs, batch = drawn_pair(data.draw, name, dtypes=(None, "float32"))
    config = theirs.get_config()
    if config.get("label_weights") is not None:  # Keras has an array here, with which its config cannot be read back
        config["label_weights"] = np.asarray(config["label_weights"]).tolist()
    assert ours.get_config() == config
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    for _ in range(2):
        y_true, y_pred = (np.float32(y) for y in batch(rng))
        weights = drawn_weights(data.draw, ours, y_true, rng)
        for metric in (ours, theirs):
            metric.update_state(y_true, y_pred, sample_weight=weights)
        assert_same_state(ours, theirs)
    for metric in (ours, theirs):
        metric.reset_state()
    for v, w in zip(ours.variables, theirs.variables, strict=True):
        assert_same_bits(v.value, w.value)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_compiled_updates_equal_kerass_to_the_bit(name):
    kwargs = {"name": "metric", **REQUIRED.get(name, {})}
    ours, theirs = getattr(metrics, name)(**kwargs), getattr(keras.metrics, name)(**kwargs)
    y_true, y_pred = (np.float32(y) for y in METRICS[name][0][0](np.random.default_rng(1)))
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred)  # builds what is built by the first batch
    states = [[v.value for v in metric.variables] for metric in (ours, theirs)]
    states = [jax.jit(m.stateless_update_state)(s, y_true, y_pred) for m, s in zip((ours, theirs), states, strict=True)]
    for ours_value, theirs_value in zip(*states, strict=True):
        assert_same_bits(ours_value, theirs_value)
    results = [jax.jit(m.stateless_result)(s) for m, s in zip((ours, theirs), states, strict=True)]
    assert_same_bits(*results)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (3, 2, 1)])
def test_reductions_of_any_shape_equal_kerass_to_the_bit(name, shape):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 2)).astype("float32")
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for metric in (ours, theirs):
        metric.update_state(values)
        metric.update_state(values, sample_weight=np.full(shape, 0.3, "float32"))
        metric.update_state(np.float32(2.5))
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "name", ["MeanSquaredError", "BinaryAccuracy", "AUC", "Precision", "F1Score", "SparseCategoricalAccuracy"]
)
def test_metrics_in_16_bits_equal_kerass_to_the_bit(name, dtype):
    ours, theirs = (getattr(m, name)(dtype=dtype, name="metric") for m in (metrics, keras.metrics))
    assert ours.get_config() == theirs.get_config()
    y_true, y_pred = (np.float32(y) for y in METRICS[name][0][0](np.random.default_rng(1)))
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred)
        metric.update_state(y_true, y_pred, sample_weight=np.linspace(0, 1, ROWS, dtype="float32"))
    assert_same_state(ours, theirs)


def test_guesses_sorted_by_score_equal_kerass():
    y_true, y_pred = sorted_ids(np.random.default_rng(0))
    ours, theirs = (m.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True) for m in (metrics, keras.metrics))
    assert ours.get_config() == theirs.get_config()
    for metric in (ours, theirs):
        metric.update_state(y_true, y_pred)
    assert_same_state(ours, theirs)


FUNCTIONS = {
    "binary_accuracy": binary,
    "categorical_accuracy": one_hot_sequences,
    "sparse_categorical_accuracy": label_column,
    "top_k_categorical_accuracy": one_hot_sequences,
    "sparse_top_k_categorical_accuracy": sequences,
    "pearson_correlation": numbers,
    "concordance_correlation": numbers,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_metric_functions_equal_kerass_to_the_bit(name):
    y_true, y_pred = (np.float32(y) for y in FUNCTIONS[name](np.random.default_rng(0)))
    assert_same_bits(getattr(metrics, name)(y_true, y_pred), getattr(keras.metrics, name)(y_true, y_pred))


@pytest.mark.parametrize(
    "name", [n for n in METRICS if n not in REQUIRED] + ["mse", "MSE", "mae", "mape", "msle", "bce"]
)
def test_a_name_means_what_it_means_in_keras(name):
    for identifier in {name, keras.src.utils.naming.to_snake_case(name)}:
        ours, theirs = metrics.get(identifier), keras.metrics.get(identifier)
        ours.name = theirs.name  # the automatic ones count all metrics made so far
        assert metrics.serialize(ours) == keras.metrics.serialize(theirs)
        assert metrics.deserialize(keras.metrics.serialize(theirs)).get_config() == theirs.get_config()
        assert getattr(ours, "_direction", None) == getattr(theirs, "_direction", None)


def test_a_wrapped_function_is_written_as_keras_writes_it():
    ours = metrics.MeanMetricWrapper(metrics.binary_accuracy, name="metric", threshold=0.3)
    theirs = keras.metrics.MeanMetricWrapper(keras.metrics.binary_accuracy, name="metric", threshold=0.3)
    config = keras.metrics.serialize(theirs)
    assert metrics.serialize(ours) == config
    assert metrics.deserialize(config)._fn is metrics.binary_accuracy
