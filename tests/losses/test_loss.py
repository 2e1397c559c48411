"""What every loss does with its values: reductions, weights, masks, dtypes, ranks, configs, names."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import losses
from jaxnn.core import config, dtypes
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.losses.loss import squeeze_or_expand_to_same_rank

VALUES = np.array([1.0, 2.0, 3.0, 6.0], np.float32)
WEIGHTS = np.array([1.0, 0.0, 2.0, 0.5], np.float32)


class Given(losses.Loss):
    """Its values are the predictions."""

    def call(self, y_true, y_pred):
        return y_pred


def with_mask(x, mask):
    x = jnp.array(x)
    set_keras_mask(x, jnp.array(mask))
    return x


@pytest.mark.parametrize(
    ("reduction", "plain", "weighted"),
    [
        ("sum_over_batch_size", 3.0, 2.5),  # (1 + 0 + 6 + 3) / 4
        ("mean", 3.0, 2.5),
        ("mean_with_sample_weight", 3.0, 10.0 / 3.5),
        ("sum", 12.0, 10.0),
    ],
)
def test_reductions_divide_by_the_number_of_values_or_by_the_weights(reduction, plain, weighted):
    loss = Given(reduction=reduction)
    assert float(loss(VALUES, VALUES)) == plain
    np.testing.assert_allclose(loss(VALUES, VALUES, WEIGHTS), weighted, rtol=1e-7)  # one float32 quotient


@pytest.mark.parametrize("reduction", ["none", None])
def test_no_reduction_leaves_one_value_per_prediction(reduction):
    np.testing.assert_array_equal(Given(reduction=reduction)(VALUES, VALUES, WEIGHTS), VALUES * WEIGHTS)


def test_masked_values_count_for_nothing():
    predictions = with_mask(VALUES, [True, True, False, False])
    assert float(Given()(VALUES, predictions)) == 1.5
    assert float(Given(reduction="sum")(VALUES, predictions)) == 3.0
    assert float(Given()(VALUES, with_mask(VALUES, [False] * 4))) == 0.0


def test_a_mask_on_the_values_joins_the_one_on_the_predictions():
    class HalfIgnored(losses.Loss):
        def call(self, y_true, y_pred):
            values = y_pred + 0.0
            set_keras_mask(values, jnp.array([True, False, True, False]))
            return values

    assert float(HalfIgnored()(VALUES, VALUES)) == 2.0  # (1 + 3) / 2
    assert float(HalfIgnored()(VALUES, with_mask(VALUES, [False, True, True, False]))) == 3.0


def test_masks_survive_compilation():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    y_true, y_pred = np.array([0, -1, 1]), np.array([[0.5, 0.5], [0.1, 0.9], [0.5, 0.5]])
    np.testing.assert_allclose(jax.jit(loss)(y_true, y_pred), np.log(2.0), rtol=1e-6)  # float32 logarithm
    assert get_keras_mask(losses.sparse_categorical_crossentropy(y_true, y_pred, ignore_class=-1)).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("shape1", "shape2", "expected"),
    [
        ((3,), (3, 1), ((3, 1), (3, 1))),
        ((3, 1), (3,), ((3, 1), (3, 1))),
        ((3, 2), (3, 2, 1), ((3, 2), (3, 2))),
        ((3, 2, 1), (3, 2), ((3, 2), (3, 2))),
        ((3,), (3, 2), ((3,), (3, 2))),
        ((3, 4), (3, 4), ((3, 4), (3, 4))),
        ((), (3, 1), ((), (3, 1))),
    ],
)
def test_a_last_axis_of_one_comes_or_goes_where_ranks_differ(shape1, shape2, expected):
    x1, x2 = squeeze_or_expand_to_same_rank(np.ones(shape1), np.ones(shape2))
    assert (x1.shape, x2.shape) == expected


def test_targets_without_the_last_axis_meet_predictions_with_it():
    loss = losses.MeanSquaredError(reduction="none")
    np.testing.assert_array_equal(loss(np.zeros(3), np.array([[1.0], [2.0], [3.0]])), [1.0, 4.0, 9.0])


def test_structures_of_targets_reach_call_as_they_are():
    class Both(losses.Loss):
        def call(self, y_true, y_pred):
            return (y_true["a"] - y_pred["a"]) ** 2 + (y_true["b"] - y_pred["b"]) ** 2

    targets = {"a": np.zeros(2), "b": np.ones(2)}
    assert float(Both()(targets, {"a": np.ones(2), "b": np.ones(2)})) == 1.0


def test_the_dtype_is_that_of_the_policy_or_floatx_and_never_changes():
    assert losses.MeanSquaredError().dtype == "float32"
    loss = losses.MeanSquaredError(dtype=dtypes.DTypePolicy("mixed_bfloat16"))
    assert (loss.dtype, loss([[0.0]], [[1.0]]).dtype) == ("bfloat16", jnp.bfloat16)
    with pytest.raises(AttributeError):
        loss.dtype = "float32"


def test_an_unknown_reduction_names_the_nearest():
    with pytest.raises(ValueError, match=r"Invalid value for argument `reduction`.*reduction=summ.*Did you mean 'sum'"):
        losses.MeanSquaredError(reduction="summ")


def test_a_name_is_resolved_and_an_unknown_one_names_the_nearest():
    assert losses.get("mse") is losses.get("mean_squared_error") is losses.mean_squared_error
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    assert losses.get(None) is None
    assert losses.get(np.hypot) is np.hypot
    with pytest.raises(ValueError, match=r"Unknown loss: 'mean_squred_error'\. Did you mean 'mean_squared_error'"):
        losses.get("mean_squred_error")
    with pytest.raises(ValueError, match="Could not interpret loss identifier: 3"):
        losses.get(3)


def test_a_wrapped_function_travels_by_its_name():
    loss = losses.LossFunctionWrapper(losses.huber, reduction="sum", name="h", delta=2.0)
    again = losses.LossFunctionWrapper.from_config(loss.get_config())
    assert again.fn is losses.huber
    assert again.get_config() == loss.get_config()
    assert float(again([[0.0]], [[4.0]])) == 6.0  # 2 * 4 - 2^2 / 2


def test_losses_can_be_pickled():
    loss = pickle.loads(pickle.dumps(losses.BinaryCrossentropy(label_smoothing=0.1)))
    assert loss.get_config()["label_smoothing"] == 0.1


def test_a_loss_that_writes_no_call_is_told_so():
    with pytest.raises(NotImplementedError, match="Loss must implement `call"):
        losses.Loss()([0.0], [0.0])


def test_16_bit_floatx_is_the_default_dtype():
    config.set_floatx("bfloat16")
    try:
        assert losses.Huber().dtype == "bfloat16"
    finally:
        config.set_floatx("float32")
