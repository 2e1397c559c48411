"""Metrics of numbers and correlations: against NumPy and scikit-learn."""

import jax
import numpy as np
import pytest
import sklearn.metrics

from jaxnn import losses, metrics


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=(30, 2))
    return y_true.astype("float32"), (y_true + 0.5 * rng.normal(size=(30, 2))).astype("float32")


def test_the_documents_two_points():
    y_true, y_pred = [[3.0], [5.0]], [[4.0], [3.0]]
    assert float(metrics.MeanSquaredError()(y_true, y_pred)) == 2.5
    np.testing.assert_allclose(metrics.RootMeanSquaredError()(y_true, y_pred), np.sqrt(2.5), rtol=1e-7)


def test_the_root_is_taken_of_the_mean_over_all_batches(data):
    metric = metrics.RootMeanSquaredError()
    for y_true, y_pred in zip(np.split(data[0], 3), np.split(data[1], 3), strict=True):
        metric.update_state(y_true, y_pred)
    np.testing.assert_allclose(metric.result(), np.sqrt(np.mean((data[0] - data[1]) ** 2)), rtol=1e-6)


def test_the_metric_of_cosines_has_the_losss_other_sign(data):
    assert float(metrics.CosineSimilarity()(*data)) == -float(losses.CosineSimilarity()(*data))


@pytest.mark.parametrize("aggregation", [None, "uniform_average", "variance_weighted_average"])
def test_r2_is_scikit_learns(data, aggregation):
    names = {None: "raw_values", "uniform_average": "uniform_average", "variance_weighted_average": "variance_weighted"}
    weights = np.linspace(0.1, 1, 30).astype("float32")
    expected = sklearn.metrics.r2_score(*data, multioutput=names[aggregation], sample_weight=weights)
    metric = metrics.R2Score(class_aggregation=aggregation)
    for part in np.split(np.arange(30), 3):
        metric.update_state(data[0][part], data[1][part], sample_weight=weights[part])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-5)  # the variance is a float32 difference


def test_adjusted_r2_can_be_compiled_and_says_when_data_are_too_few(data):
    metric = metrics.R2Score(num_regressors=3)
    plain = metrics.R2Score()(*data)
    adjusted = 1 - (1 - float(plain)) * (60 - 1) / (60 - 3 - 1)
    np.testing.assert_allclose(metric(*data), adjusted, rtol=1e-6)
    state = [v.value for v in metric.variables]
    np.testing.assert_allclose(jax.jit(metric.stateless_result)(state), adjusted, rtol=1e-6)
    small = metrics.R2Score(num_regressors=9)
    with pytest.warns(UserWarning, match="More independent predictors than datapoints in adjusted R2 score"):
        result = small(data[0][:3], data[1][:3])
    assert float(result) == float(metrics.R2Score()(data[0][:3], data[1][:3]))


def test_r2_wants_two_axes_and_known_aggregations():
    with pytest.raises(ValueError, match="R2Score expects 2D inputs with shape"):
        metrics.R2Score().update_state([0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="Invalid value for argument `class_aggregation`"):
        metrics.R2Score(class_aggregation="wrong")
    with pytest.raises(ValueError, match="Invalid value for argument `num_regressors`"):
        metrics.R2Score(num_regressors=-1)


def test_correlations_see_lines_and_agreement(data):
    y_true, y_pred = data
    expected = [np.corrcoef(y_true[:, j], y_pred[:, j])[0, 1] for j in range(2)]
    np.testing.assert_allclose(metrics.pearson_correlation(y_true, y_pred, axis=0), expected, rtol=1e-5)
    moved = 3 * y_true + 1
    np.testing.assert_allclose(metrics.pearson_correlation(y_true, moved, axis=0), 1.0, rtol=1e-5)
    assert (np.asarray(metrics.concordance_correlation(y_true, moved, axis=0)) < 0.9).all()
    np.testing.assert_allclose(metrics.concordance_correlation(y_true, y_true, axis=0), 1.0, rtol=1e-5)
