"""Counts, precision and recall, F-scores, areas, overlaps: against scikit-learn, by hand, and their messages."""

import jax
import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn import metrics

rows = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])), min_size=8, max_size=8)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(rows, st.sampled_from([[0.4], [0.05, 0.6], [0.0, 0.25, 0.5, 0.75, 1.0]]))
def test_the_four_counts_share_out_all_samples(drawn, thresholds):
    y_true, y_pred = np.array(drawn).T
    counts = [
        np.atleast_1d(cls(thresholds=thresholds)(y_true, y_pred))
        for cls in (metrics.TruePositives, metrics.FalsePositives, metrics.TrueNegatives, metrics.FalseNegatives)
    ]
    alarm, true = y_pred[None] > np.float32(thresholds)[:, None], y_true[None] == 1
    for count, expected in zip(counts, (true & alarm, ~true & alarm, ~true & ~alarm, true & ~alarm), strict=True):
        np.testing.assert_array_equal(count, expected.sum(axis=1))


@pytest.mark.parametrize("samples", [8, 40])  # pairs are compared, or buckets summed up
@pytest.mark.parametrize(
    "make",
    [
        lambda: metrics.AUC(),
        lambda: metrics.AUC(multi_label=True, num_labels=3),
        lambda: metrics.AUC(thresholds=[0.2, 0.7, 0.71]),
        lambda: metrics.FalseNegatives(thresholds=[0.0, 0.5, 1.0]),
        lambda: metrics.TrueNegatives(thresholds=[0.3, 0.1]),
    ],
)
def test_weights_of_one_count_what_no_weights_count(make, samples):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 2, (samples, 3)), rng.uniform(-0.1, 1.1, (samples, 3)).round(1)
    y_pred[0, 0] = np.nan
    without, weighted = make(), make()
    without.update_state(y_true, y_pred)
    weighted.update_state(y_true, y_pred, sample_weight=np.ones(samples))
    for ours, theirs in zip(without.variables, weighted.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert sum(np.asarray(v).sum() for v in without.variables) > 0


@settings(derandomize=True, deadline=None, max_examples=25)
@given(rows)
def test_precision_and_recall_are_scikit_learns(drawn):
    y_true, y_pred = np.array(drawn).T
    for metric, reference in (
        (metrics.Precision(), sklearn.metrics.precision_score),
        (metrics.Recall(), sklearn.metrics.recall_score),
    ):
        expected = reference(y_true, y_pred > 0.5, zero_division=0)
        np.testing.assert_allclose(metric(y_true, y_pred), expected, rtol=1e-6)  # one float32 quotient


def test_the_area_under_the_roc_curve_is_the_chance_to_rank_a_pair_right():
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, 300)
    y_pred = np.clip(0.3 * y_true + 0.7 * rng.uniform(size=300), 0, 1)
    expected = sklearn.metrics.roc_auc_score(y_true, y_pred)
    np.testing.assert_allclose(metrics.AUC(num_thresholds=5000)(y_true, y_pred), expected, atol=2e-3)  # 5000 steps
    lower, upper = (float(metrics.AUC(summation_method=method)(y_true, y_pred)) for method in ("minoring", "majoring"))
    assert lower <= expected <= upper


def test_the_area_of_each_label_is_averaged():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 2, (60, 3)), rng.uniform(size=(60, 3))
    single = [float(metrics.AUC()(y_true[:, j], y_pred[:, j])) for j in range(3)]
    np.testing.assert_allclose(metrics.AUC(multi_label=True)(y_true, y_pred), np.mean(single), rtol=1e-6)
    weights = [0.2, 0.5, 0.3]
    metric = metrics.AUC(multi_label=True, num_labels=3, label_weights=weights)
    np.testing.assert_allclose(metric(y_true, y_pred), np.dot(weights, single), rtol=1e-6)


def test_an_area_with_label_weights_can_be_read_back_from_its_config():
    metric = metrics.AUC(multi_label=True, num_labels=2, label_weights=[0.25, 0.75], curve="pr", thresholds=[0.5, 0.25])
    again = metrics.deserialize(metrics.serialize(metric))
    assert again.get_config() == metric.get_config()
    assert again.curve == "PR"
    assert again.thresholds == metric.thresholds


def test_only_the_best_guesses_are_alarms_under_top_k():
    y_true, y_pred = np.array([[0, 0, 1], [1, 0, 0]]), np.array([[0.1, 0.5, 0.4], [0.2, 0.3, 0.5]])
    assert float(metrics.Recall(top_k=1)(y_true, y_pred)) == 0.0
    assert float(metrics.Recall(top_k=2)(y_true, y_pred)) == 0.5
    assert float(metrics.Precision(top_k=2)(y_true, y_pred)) == 0.25
    assert float(metrics.Precision(top_k=2, class_id=2)(y_true, y_pred)) == 0.5


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_f_scores_are_scikit_learns(average):
    rng = np.random.default_rng(1)
    y_true, y_pred = rng.integers(0, 2, (40, 3)), rng.uniform(size=(40, 3))
    expected = sklearn.metrics.fbeta_score(y_true, y_pred > 0.4, beta=2.0, average=average)
    metric = metrics.FBetaScore(average=average, beta=2.0, threshold=0.4)
    np.testing.assert_allclose(metric(y_true, y_pred), expected, rtol=1e-5)  # Keras adds 1e-7 three times


def test_overlaps_are_scikit_learns():
    rng = np.random.default_rng(2)
    y_true, y_pred = rng.integers(0, 3, (5, 4)), rng.integers(0, 3, (5, 4))
    per_class = sklearn.metrics.jaccard_score(y_true.ravel(), y_pred.ravel(), average=None)
    np.testing.assert_allclose(metrics.MeanIoU(3)(y_true, y_pred), per_class.mean(), rtol=1e-6)
    np.testing.assert_allclose(metrics.IoU(3, [2])(y_true, y_pred), per_class[2], rtol=1e-6)
    np.testing.assert_allclose(
        metrics.OneHotMeanIoU(3)(np.eye(3)[y_true], np.eye(3)[y_pred]), per_class.mean(), rtol=1e-6
    )


def test_ignored_and_impossible_classes_count_for_nothing():
    metric = metrics.MeanIoU(2, ignore_class=0)
    metric.update_state([0, 1, 1, 7, -1], [1, 1, 0, 1, 1])
    assert metric.total_cm.numpy().tolist() == [[0, 0], [1, 1]]


def test_fractional_weights_of_a_whole_matrix_get_a_hint():
    with pytest.warns(UserWarning, match='Use whole weights, or dtype="float32"'):
        metrics.MeanIoU(2, name="overlap").update_state([0, 1], [0, 1], sample_weight=np.array([0.5, 1.5]))


@pytest.mark.parametrize(
    ("cls", "asked", "constraint", "wanted"),
    [
        (metrics.PrecisionAtRecall, 0.6, "recall", "precision"),
        (metrics.RecallAtPrecision, 0.6, "precision", "recall"),
        (metrics.SensitivityAtSpecificity, 0.6, "specificity", "recall"),
        (metrics.SpecificityAtSensitivity, 0.6, "recall", "specificity"),
    ],
)
def test_the_best_of_one_under_the_other(cls, asked, constraint, wanted):
    rng = np.random.default_rng(3)
    y_true, y_pred = rng.integers(0, 2, 50), rng.uniform(size=50)
    alarm = y_pred[None] > np.linspace(0, 1, 200)[:, None]
    tp, fp = (alarm & (y_true == 1)).sum(1), (alarm & (y_true == 0)).sum(1)
    fn, tn = (y_true == 1).sum() - tp, (y_true == 0).sum() - fp
    quality = {"precision": tp / np.maximum(tp + fp, 1), "recall": tp / (tp + fn), "specificity": tn / (tn + fp)}
    expected = np.where(quality[constraint] >= asked, quality[wanted], 0).max()
    np.testing.assert_allclose(cls(asked)(y_true, y_pred), expected, rtol=1e-6)  # one float32 quotient


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: metrics.FalsePositives(thresholds=[-1, 0.5, 2]),
            r"Threshold values must be in \[0, 1\]. Received: \[-1, 2\]",
        ),
        (lambda: metrics.Recall(thresholds=[None]), r"Received: \[None\]"),
        (lambda: metrics.RecallAtPrecision(-1), r"`precision` must be in the range \[0, 1\]"),
        (lambda: metrics.PrecisionAtRecall(0.4, num_thresholds=-1), "`num_thresholds` must be an integer > 0"),
        (lambda: metrics.AUC(num_thresholds=1), "Argument `num_thresholds` must be an integer > 1"),
        (lambda: metrics.AUC(curve="ROCC"), r'Invalid AUC curve value: "ROCC".*Did you mean \'ROC\''),
        (lambda: metrics.AUC(summation_method="Invalid"), 'Invalid AUC summation method value: "Invalid"'),
        (lambda: metrics.AUC(num_labels=3), "`num_labels` is needed only when `multi_label` is True"),
        (lambda: metrics.AUC(multi_label=True)([1, 0], [0.5, 0.2]), "`y_pred` must have rank 2"),
        (
            lambda: metrics.Precision(class_id=2)([0, 1], [0.5, 0.2]),
            "When class_id is provided, y_pred must be a 2D array",
        ),
        (lambda: metrics.FBetaScore(beta=1), "Invalid `beta` argument value. It should be a Python float"),
        (lambda: metrics.FBetaScore(beta=-1.0), "It should be > 0"),
        (lambda: metrics.F1Score(average="mean"), "Invalid `average` argument value"),
        (lambda: metrics.F1Score(threshold=1.5), "It should verify 0 < threshold <= 1"),
        (lambda: metrics.F1Score()([0, 1], [0.5, 0.2]), "FBetaScore expects 2D inputs"),
        (lambda: metrics.IoU(2, [2]), r"Target class id 2 is out of range, which is \[0, 2\)"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_counting_can_be_compiled_and_mapped_over_members():
    metric = metrics.AUC(num_thresholds=11)
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 2, (3, 20)), rng.uniform(size=(3, 20))
    start = metric.stateless_reset_state()
    states = jax.vmap(lambda t, p: metric.stateless_update_state(start, t, p))(y_true, y_pred)
    areas = jax.vmap(metric.stateless_result)(states)
    singles = [float(metrics.AUC(num_thresholds=11)(t, p)) for t, p in zip(y_true, y_pred, strict=True)]
    np.testing.assert_allclose(areas, singles, rtol=1e-6)
