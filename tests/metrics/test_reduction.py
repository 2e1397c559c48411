"""Sums and means: what is weighted by what, and in which order."""

import numpy as np
import pytest

from jaxnn import losses, metrics


def test_the_mean_weighs_batches_by_their_size():
    mean = metrics.Mean()
    mean.update_state([1.0, 1.0, 1.0])
    mean.update_state([5.0])
    assert float(mean.result()) == 2.0
    assert (float(mean.total), float(mean.count)) == (8.0, 4.0)


def test_the_mean_of_nothing_is_zero():
    assert float(metrics.Mean().result()) == 0.0


def test_a_samples_values_are_averaged_before_samples_are():
    mean = metrics.Mean()
    mean.update_state([[1.0, 3.0], [5.0, 7.0]])
    assert (float(mean.total), float(mean.count)) == (8.0, 2.0)
    mean.update_state([[1.0, 3.0], [5.0, 7.0]], sample_weight=[1.0, 0.0])
    assert (float(mean.total), float(mean.count)) == (10.0, 3.0)


@pytest.mark.parametrize("weights", [0.5, [0.5, 0.5], [[0.5], [0.5]], [[0.5, 0.5], [0.5, 0.5]]])
def test_equal_weights_of_any_shape_do_not_move_the_mean(weights):
    mean = metrics.Mean()
    mean.update_state(np.array([[1.0, 3.0], [5.0, 7.0]]), sample_weight=np.array(weights))
    assert float(mean.result()) == 4.0


def test_the_sum_adds_weighted_values():
    total = metrics.Sum()
    total.update_state([[1.0, 3.0], [5.0, 7.0]], sample_weight=[1.0, 2.0])
    total.update_state(4.0)
    assert float(total.result()) == 32.0


def test_totals_are_float32_and_added_batch_by_batch():
    values = np.random.default_rng(0).uniform(size=(50, 7)).astype("float32")
    mean, total = metrics.Mean(), np.float32(0)
    for row in values:
        mean.update_state(row)
        total = np.float32(total + np.asarray(row.sum(dtype=np.float32)))
    np.testing.assert_allclose(float(mean.total), total, rtol=1e-6)  # rows of 7 may be summed in another order
    assert mean.total.dtype == "float32"
    assert float(mean.result()) == float(np.float32(mean.total.numpy()) / np.float32(350))


def test_a_wrapper_passes_arguments_and_knows_a_loss_should_fall():
    wrapped = metrics.MeanMetricWrapper(losses.huber, name="h", delta=2.0)
    assert float(wrapped([[0.0]], [[4.0]])) == 6.0
    assert wrapped._direction == "down"
    assert not hasattr(metrics.MeanMetricWrapper(metrics.binary_accuracy), "_direction")
