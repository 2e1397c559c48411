"""Every loss against Keras's: configs, values and gradients, bit for bit, over drawn arguments."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src import backend as keras_backend

from jaxnn import losses
from jaxnn.core.masking import set_keras_mask

ROWS, CLASSES = 6, 4


def numbers(rng):
    return rng.normal(size=(ROWS, CLASSES)), rng.normal(size=(ROWS, CLASSES))


def positive(rng):
    return np.abs(rng.normal(size=(ROWS, CLASSES))), np.abs(rng.normal(size=(ROWS, CLASSES)))


def binary(rng):
    return rng.integers(0, 2, (ROWS, CLASSES)), rng.uniform(size=(ROWS, CLASSES)).round(1)  # with exact 0 and 1


def column(rng):
    return rng.integers(0, 2, ROWS), rng.uniform(size=(ROWS, 1))


def signs(rng):
    return 2 * rng.integers(0, 2, (ROWS, CLASSES)) - 1, rng.normal(size=(ROWS, CLASSES))


def probabilities(rng):
    p = rng.uniform(size=(ROWS, CLASSES))
    return p / p.sum(axis=1, keepdims=True)


def one_hot(rng):
    return np.eye(CLASSES)[rng.integers(0, CLASSES, ROWS)], probabilities(rng)


def distributions(rng):
    return probabilities(rng), probabilities(rng)


def labels(rng):
    return rng.integers(0, CLASSES, ROWS), probabilities(rng)


def label_column(rng):
    return rng.integers(0, CLASSES, (ROWS, 1)), probabilities(rng)


def embeddings(rng):
    x = rng.normal(size=(ROWS, CLASSES))
    return rng.integers(0, 3, ROWS), x / np.linalg.norm(x, axis=1, keepdims=True)


def spoken(rng):
    words = np.sort(rng.integers(0, 5, (ROWS, CLASSES)))[:, ::-1]  # filled up with 0
    return words, rng.normal(size=(ROWS, 7, 5))


logits, smoothing, axis = st.booleans(), st.sampled_from([0.0, 0.1]), st.sampled_from([-1, 1])
# class: (what its data look like, the arguments that it may be given)
LOSSES = {
    "MeanSquaredError": ((numbers, column), {}),
    "MeanAbsoluteError": ((numbers, column), {}),
    "MeanAbsolutePercentageError": ((numbers, column), {}),
    "MeanSquaredLogarithmicError": ((numbers, positive), {}),
    "CosineSimilarity": ((numbers,), {"axis": axis}),
    "Huber": ((numbers, column), {"delta": st.sampled_from([0.3, 1.0])}),
    "LogCosh": ((numbers, column), {}),
    "Hinge": ((signs, binary), {}),
    "SquaredHinge": ((signs, binary), {}),
    "CategoricalHinge": ((one_hot,), {}),
    "KLDivergence": ((distributions, one_hot), {}),
    "Poisson": ((positive,), {}),
    "BinaryCrossentropy": (
        (binary, column),
        {"from_logits": logits, "label_smoothing": smoothing, "axis": axis},
    ),
    "BinaryFocalCrossentropy": (
        (binary, column),
        {
            "apply_class_balancing": st.booleans(),
            "alpha": st.sampled_from([0.25, 0.5]),
            "gamma": st.sampled_from([0.0, 1.5, 2.0]),
            "from_logits": logits,
            "label_smoothing": smoothing,
        },
    ),
    "CategoricalCrossentropy": (
        (one_hot, distributions),
        {"from_logits": logits, "label_smoothing": smoothing, "axis": axis},
    ),
    "CategoricalFocalCrossentropy": (
        (one_hot,),
        {
            "alpha": st.sampled_from([0.25, [0.1, 0.2, 0.3, 0.4]]),
            "gamma": st.sampled_from([0.0, 1.5, 2.0]),
            "from_logits": logits,
            "label_smoothing": smoothing,
        },
    ),
    "SparseCategoricalCrossentropy": (
        (labels, label_column),
        {"from_logits": logits, "ignore_class": st.sampled_from([None, 0, -1])},
    ),
    "CategoricalGeneralizedCrossEntropy": ((labels,), {"q": st.sampled_from([0.2, 0.7])}),
    "Dice": ((binary,), {"axis": st.sampled_from([None, 1, (0, 1)])}),
    "Tversky": ((binary,), {"alpha": st.sampled_from([0.3, 0.5]), "axis": st.sampled_from([None, 1])}),
    "CTC": ((spoken,), {}),
    "Circle": (
        (embeddings,),
        {
            "gamma": st.sampled_from([1.0, 80.0]),
            "margin": st.sampled_from([0.25, 0.4]),
            "remove_diagonal": st.booleans(),
        },
    ),
}


def drawn_loss(draw, dtypes=("float32", "bfloat16", "float16", "mixed_bfloat16", None)):
    name = draw(st.sampled_from(sorted(LOSSES)))
    datas, arguments = LOSSES[name]
    kwargs = {key: draw(value) for key, value in arguments.items() if draw(st.booleans())}
    kwargs["reduction"] = draw(st.sampled_from(losses.loss.REDUCTIONS))
    kwargs["dtype"] = draw(st.sampled_from(dtypes))
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    y_true, y_pred = draw(st.sampled_from(datas))(rng)
    return name, kwargs, np.float32(y_true), np.float32(y_pred), rng


def assert_same_bits(ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours.astype(np.float64), theirs.astype(np.float64))


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.data())
def test_losses_equal_kerass_to_the_bit(data):
    compare(data)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.data())
def test_losses_of_many_arguments_equal_kerass_to_the_bit(data):
    compare(data)


def compare(data):
    name, kwargs, y_true, y_pred, rng = drawn_loss(data.draw)
    ours, theirs = getattr(losses, name)(**kwargs), getattr(keras.losses, name)(**kwargs)
    assert ours.get_config() == theirs.get_config()
    values = np.asarray(getattr(keras.losses, name)(**{**kwargs, "reduction": None})(y_true, y_pred))
    weights = data.draw(st.sampled_from([None, (), values.shape, (*values.shape, 1)]))
    weights = None if weights is None else rng.uniform(size=weights).astype("float32")
    mask = rng.integers(0, 2, values.shape) if data.draw(st.booleans()) else None
    for given_mask in (mask, None if mask is None else mask.astype(bool)):
        assert_same_bits(
            ours(y_true, masked(y_pred, given_mask, set_keras_mask), sample_weight=weights),
            theirs(y_true, masked(y_pred, given_mask, keras_backend.set_keras_mask), sample_weight=weights),
        )


def masked(y_pred, mask, set_mask):
    if mask is None:
        return y_pred
    y_pred = jnp.array(y_pred)
    set_mask(y_pred, jnp.array(mask))
    return y_pred


@settings(derandomize=True, deadline=None, max_examples=8)
@given(st.data())
def test_compiled_losses_and_their_gradients_equal_kerass_to_the_bit(data):
    compare_compiled(data)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.data())
def test_many_compiled_losses_and_their_gradients_equal_kerass_to_the_bit(data):
    compare_compiled(data)


def compare_compiled(data):
    name, kwargs, y_true, y_pred, _ = drawn_loss(data.draw, dtypes=("float32", "bfloat16"))
    kwargs["reduction"] = "sum_over_batch_size"
    ours, theirs = getattr(losses, name)(**kwargs), getattr(keras.losses, name)(**kwargs)
    (value, gradient), (keras_value, keras_gradient) = (
        jax.jit(jax.value_and_grad(lambda p, loss=loss: loss(y_true, p)))(y_pred) for loss in (ours, theirs)
    )
    assert_same_bits(value, keras_value)
    assert_same_bits(gradient, keras_gradient)


FUNCTIONS = {
    "mean_squared_error": numbers,
    "mean_absolute_error": column,
    "mean_absolute_percentage_error": numbers,
    "mean_squared_logarithmic_error": positive,
    "cosine_similarity": numbers,
    "huber": numbers,
    "log_cosh": column,
    "hinge": signs,
    "squared_hinge": binary,
    "categorical_hinge": one_hot,
    "kl_divergence": distributions,
    "poisson": positive,
    "binary_crossentropy": binary,
    "binary_focal_crossentropy": binary,
    "categorical_crossentropy": one_hot,
    "categorical_focal_crossentropy": one_hot,
    "sparse_categorical_crossentropy": labels,
    "dice": binary,
    "tversky": binary,
    "circle": embeddings,
    "ctc": spoken,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_loss_functions_equal_kerass_to_the_bit(name):
    y_true, y_pred = FUNCTIONS[name](np.random.default_rng(0))
    y_pred = np.float32(y_pred)
    assert_same_bits(getattr(losses, name)(y_true, y_pred), getattr(keras.losses, name)(y_true, y_pred))
    assert losses.serialize(getattr(losses, name)) == keras.losses.serialize(getattr(keras.losses, name))


NAMES = [
    *FUNCTIONS,
    *(n for n in LOSSES if n != "CategoricalGeneralizedCrossEntropy"),
    "mse",
    "MSE",
    "mae",
    "MAE",
    "mape",
]


@pytest.mark.parametrize("name", [*NAMES, "MAPE", "msle", "MSLE", "bce", "BCE", "kld", "KLD"])
def test_a_name_means_what_it_means_in_keras(name):
    ours, theirs = losses.get(name), keras.losses.get(name)
    assert type(ours).__name__ == type(theirs).__name__
    if isinstance(ours, losses.Loss):
        assert losses.serialize(ours) == keras.losses.serialize(theirs)
    else:
        assert ours.__name__ == theirs.__name__


def test_keras_reads_our_configs_and_we_read_kerass():
    for name in LOSSES:
        if name == "CategoricalGeneralizedCrossEntropy":  # Keras itself does not find it by its config
            continue
        ours, theirs = getattr(losses, name)(), getattr(keras.losses, name)()
        config, keras_config = losses.serialize(ours), keras.losses.serialize(theirs)
        assert config == keras_config
        assert losses.deserialize(keras_config).get_config() == ours.get_config()
        assert keras.losses.deserialize(config).get_config() == theirs.get_config()
