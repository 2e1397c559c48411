"""Bad input through compile, fit, evaluate and predict: told before step 1, and sound runs left in peace."""

import re
import warnings

import numpy as np
import pytest

import jaxnn as keras
from jaxnn import doctor, layers, ops

N = 20
X = np.linspace(-1, 1, N * 4, dtype="float32").reshape(N, 4)
Y = X[:, :1] * 2
CLASSES = np.arange(N) % 3


def sequential(*stack, loss="mse", optimizer="sgd", shape=(4,), **kwargs):
    model = keras.Sequential([keras.Input(shape), *stack], name="net")
    model.compile(optimizer, loss, **kwargs)
    return model


def spoilt(a, value=np.nan):
    a = a.copy()
    a.reshape(N, -1)[3, 0] = value
    return a


# --- NaN and infinity ------------------------------------------------------------------------------------------------


STACKS = {
    "dense": lambda: [layers.Dense(1)],
    "dense with relu": lambda: [layers.Dense(3, activation="relu"), layers.Dropout(0.1), layers.Dense(1)],
    "normalised": lambda: [layers.BatchNormalization(), layers.Dense(3), layers.LayerNormalization(), layers.Dense(1)],
    "recurrent": lambda: [
        layers.Reshape((2, 2)),
        layers.LSTM(3, return_sequences=True),
        layers.LSTM(2),
        layers.Dense(1),
    ],
    "convolutional": lambda: [
        layers.Reshape((2, 2, 1)),
        layers.Conv2D(2, 2, activation="relu", padding="same"),
        layers.MaxPooling2D(2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(1),
    ],
}


@pytest.fixture
def unchecked(monkeypatch):
    """Lets everything through, to see what would have become of it."""

    def switch_off():
        monkeypatch.setattr(doctor, "check_data", lambda *_: None)

    return switch_off


@pytest.mark.parametrize(
    ("stack", "bad"),
    [*((stack, "x") for stack in STACKS), ("dense with relu", "y"), ("dense with relu", "sample_weight")],
)
def test_nan_that_is_an_error_would_have_spoilt_the_model(stack, bad, unchecked):
    model = sequential(*STACKS[stack]())
    data = {"x": X, "y": Y, "sample_weight": np.ones(N, "float32")}
    data[bad] = spoilt(data[bad])
    message = (
        rf"^fit: `{bad}` must be finite, else loss and weights become NaN; got NaN in 1 of 20 samples, first in row 3"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(**data, verbose=0)
    unchecked()
    model.fit(**data, verbose=0)
    assert np.isnan(model.predict(X, verbose=0)).all()


@pytest.mark.parametrize("loss", ["mae", "hinge", "binary_crossentropy"])
def test_nan_in_inputs_would_have_spoilt_the_model_by_any_loss(loss, unchecked):
    model = sequential(*STACKS["dense with relu"](), loss=loss)
    with pytest.raises(ValueError, match="`x` must be finite, else loss and weights become NaN"):
        model.fit(spoilt(X), np.ones(N), verbose=0)
    unchecked()
    model.fit(spoilt(X), np.ones(N), verbose=0)
    assert np.isnan(model.predict(X, verbose=0)).all()


@pytest.mark.parametrize("stack", STACKS)
def test_infinite_inputs_that_are_an_error_would_have_spoilt_the_model(stack, unchecked):
    model = sequential(*STACKS[stack]())
    with pytest.raises(
        ValueError, match="`x` must be finite, else loss and weights become NaN; got infinity in 1 of 20"
    ):
        model.fit(spoilt(X, np.inf), Y, verbose=0)
    unchecked()
    model.fit(spoilt(X, np.inf), Y, verbose=0, epochs=2)
    assert np.isnan(model.predict(X, verbose=0)).all()


class Forgiving(keras.layers.Layer):
    def call(self, x):
        return ops.where(ops.isnan(x), 0.0, x)


def own_loss(y_true, y_pred):
    return ops.mean(ops.square(ops.where(ops.isnan(y_true), 0.0, y_true - y_pred)), axis=-1)


class OwnStep(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(1)

    def call(self, x):
        return self.head(x)

    def train_step(self, state, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        return super().train_step(state, (ops.where(ops.isnan(x), 0.0, x), y))


def nested_operation():
    x = keras.Input((4,))
    return sequential(keras.Model(x, ops.nan_to_num(x)), layers.Dense(1))


def own_step():
    model = OwnStep()
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("model", "x", "y", "words"),
    [
        (lambda: sequential(Forgiving(), layers.Dense(1)), spoilt(X), Y, "`x` has NaN"),
        (nested_operation, spoilt(X), Y, "`x` has NaN"),
        (own_step, spoilt(X), Y, "`x` has NaN"),
        (lambda: sequential(layers.Dense(1), loss=own_loss), X, spoilt(Y), "`y` has NaN"),
        (lambda: sequential(layers.Dense(1)), X, spoilt(Y, np.inf), "`y` has infinity"),
        (lambda: sequential(layers.Dense(1), loss="mae"), X, spoilt(Y), "`y` has NaN"),
        (lambda: sequential(layers.ReLU(max_value=1.0), layers.Dense(1)), spoilt(X, np.inf), Y, "`x` has infinity"),
        (
            lambda: sequential(layers.Masking(), layers.Dense(1), shape=(5, 4)),
            spoilt(np.ones((N, 5, 4), "float32")),
            np.ones((N, 5, 1)),
            "`x` has NaN",
        ),
    ],
)
def test_nan_that_may_be_meant_is_a_warning_on_the_users_line(model, x, y, words):
    model = model()
    with pytest.warns(UserWarning, match=f"^fit: {words} in 1 of 20 samples, first in row 3") as caught:
        model.fit(x, y, verbose=0)
    assert caught[0].filename == __file__
    model.fit(x, y, verbose=0)  # said once


def test_nan_elsewhere_than_in_training_is_a_warning():
    model = sequential(layers.Dense(1))
    with pytest.warns(UserWarning, match="^predict: `x` has NaN in 1 of 20 samples"):
        model.predict(spoilt(X), verbose=0)
    with pytest.warns(UserWarning, match="^validation_data: `y` has NaN"):
        model.fit(X, Y, validation_data=(X, spoilt(Y)), verbose=0)


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_inputs_of_another_shape_name_model_input_expected_and_got():
    model = sequential(layers.Dense(1), shape=(784,))
    message = (
        r"^{}: Sequential 'net' expects input '.*' of shape \(None, 784\); got \(20, 28, 28\)\. Reshape it, "
        r"x\.reshape\(len\(x\), 784\), or declare Input\(\(28, 28\)\)"
    )
    with pytest.raises(ValueError, match=message.format("fit")):
        model.fit(np.zeros((N, 28, 28)), Y, verbose=0)
    with pytest.raises(ValueError, match=message.format("predict")):
        model.predict(np.zeros((N, 28, 28)), verbose=0)
    with pytest.raises(ValueError, match=r"For a single sample add the batch axis: x\[np\.newaxis\]"):
        model.predict(np.zeros(784), verbose=0)
    with pytest.raises(ValueError, match=r"dense.*expected axis -1 of input shape to have value 784"):
        model.evaluate(np.zeros((N, 700)), Y, verbose=0)


def sequences(layer):
    model = keras.Sequential([keras.Input((14, 8), name="days"), layer, layers.Dense(1)], name="net")
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_what_jax_says_of_a_layer_is_said_in_our_words(name):
    model = sequences(getattr(layers, name)(4, name="reads"))
    message = (
        f"fit: Sequential 'net' expects input 'days' of shape (None, 14, 8); got (20, 14, 7) ({name} 'reads' can't compute with "
        "inputs of shape (20, 14, 7)). Pass the columns that the model was made for, or declare Input((14, 7)). [J106]"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.fit(np.zeros((N, 14, 7)), Y, verbose=0)
    with (
        keras.config.set_language("zh-TW"),
        pytest.raises(ValueError, match=rf"收到 \(20, 14, 7\).{name} 'reads' 無法計算形狀為 \(20, 14, 7\) 的輸入"),
    ):
        model.fit(np.zeros((N, 14, 7)), Y, verbose=0)


@pytest.mark.parametrize(("shape", "help_"), [
    ((N, 8), "Pass the columns that the model was made for, or declare Input((8,))."),
    ((14, 8), "For a single sample add the batch axis: x[np.newaxis]."),
])  # fmt: skip
def test_a_wrong_rank_is_said_once(shape, help_):
    message = f"predict: Sequential 'net' expects input 'days' of shape (None, 14, 8); got {shape}. {help_} [J106]"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sequences(layers.LSTM(4)).predict(np.zeros(shape), verbose=0)


def test_channels_in_the_wrong_place_are_recognised():
    model = sequential(layers.Dense(1), layers.Flatten(), shape=(8, 8, 3))
    with pytest.raises(ValueError, match=r"np\.moveaxis\(x, 1, -1\)"):
        model.predict(np.zeros((N, 3, 8, 8)), verbose=0)


def two_inputs():
    a, b = keras.Input((4,), name="image"), keras.Input((4,), name="text")
    model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])), name="both")
    model.compile("sgd", "mse")
    return model


def test_missing_and_surplus_inputs_are_told():
    with pytest.raises(ValueError, match=r"takes 2 input\(s\) \['image', 'text'\]; got 1 .*Pass a list of them"):
        two_inputs().fit(X, Y, verbose=0)
    with pytest.raises(
        ValueError, match=r'needs the inputs .*Missing data for input "image".* Is \'image\' \'imgae\'\?'
    ):
        two_inputs().fit({"imgae": X, "text": X}, Y, verbose=0)
    image = keras.Input((4,), name="image")
    single = keras.Model(image, layers.Dense(1)(image))
    with pytest.raises(ValueError, match=r"needs the inputs \['image'\]; got \['imgae'\] .*Is 'image' 'imgae'\?"):
        single.predict({"imgae": X}, verbose=0)
    with pytest.raises(ValueError, match=r"If the second is the targets, pass it as `y`"):
        sequential(layers.Dense(1)).fit((X, Y), verbose=0)


def test_sizes_that_the_model_takes_after_all_pass():
    model = sequential(layers.Dense(1), shape=(5, 4))
    model.fit(np.zeros((N, 9, 4)), np.zeros((N, 9, 1)), verbose=0)
    assert model.predict(np.zeros((3, 2, 4)), verbose=0).shape == (3, 2, 1)
    flat = sequential(layers.Dense(1), shape=(1,))
    flat.fit(X[:, 0], Y, verbose=0)


# --- models that are built by their data -----------------------------------------------------------------------------


class Subclassed(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.head = layers.Dense(units, activation="softmax")

    def call(self, x):
        return self.head(x)


@pytest.mark.parametrize(
    "make", [lambda: keras.Sequential([layers.Dense(3, activation="softmax")]), lambda: Subclassed(3)]
)
def test_targets_are_checked_once_an_unbuilt_model_is_built(make):
    model = make()
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"^fit: labels of `y` must be 0 to 2.*Count from 0: y - 1"):
        model.fit(X, CLASSES + 1, verbose=0)
    with pytest.raises(ValueError, match=r"^fit: .*If it is one-hot, use loss='categorical_crossentropy'"):
        model.fit(X, np.eye(3)[CLASSES], verbose=0)
    with pytest.raises(ValueError, match=r"^validation_data|^fit: .*If it is one-hot"):
        model.fit(X, CLASSES, validation_data=(X, np.eye(3)[CLASSES]), verbose=0)


def test_validation_data_may_have_other_sizes():
    for model in (keras.Sequential([layers.Dense(3)]), Subclassed(3)):
        model.compile("sgd", "mse")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shorter = np.zeros((N, 5, 4)), np.zeros((N, 5, 3))
            model.fit(np.zeros((N, 9, 4)), np.zeros((N, 9, 3)), validation_data=shorter, verbose=0)


def test_a_call_that_failed_leaves_nothing_behind():
    model = Subclassed(3)
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"expects 1 input"):
        model.fit({"what": X, "is": X}, CLASSES + 5, verbose=0)
    model.fit(X, CLASSES, verbose=0)


# --- sound runs ------------------------------------------------------------------------------------------------------


class AddsLoss(keras.layers.Layer):
    def call(self, x):
        self.add_loss(ops.mean(ops.square(x)))
        return x


def fit(model, x, y=None, **kwargs):
    """Every public way to use the data, with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x, y, verbose=0, **kwargs)
        if y is not None:
            model.evaluate(x, y, verbose=0)
        model.predict(x, verbose=0)


def test_inputs_by_list_and_by_name_pass():
    fit(two_inputs(), [X, X], Y)
    fit(two_inputs(), {"image": X, "text": X}, Y, sample_weight=np.ones(N), validation_split=0.2)


def test_structures_by_keys_of_their_own_pass():
    a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
    outputs = {"kind": layers.Dense(3, activation="softmax", name="x")(a), "size": layers.Dense(1, name="y")(b)}
    model = keras.Model({"a": a, "b": b}, outputs)
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "size": "mse"})
    x, y = {"a": X, "b": X[:, :2]}, {"kind": CLASSES, "size": Y}
    fit(model, x, y)
    with pytest.raises(ValueError, match=r"labels of `y\['kind'\]` must be 0 to 2"):
        model.fit(x, {**y, "kind": CLASSES + 1}, verbose=0)
    with pytest.raises(ValueError, match=r"expects input 'b' of shape \(None, 2\); got \(20, 4\)"):
        model.fit({"a": X, "b": X}, y, verbose=0)


def two_outputs(**kwargs):
    x = keras.Input((4,))
    kind, size = layers.Dense(3, activation="softmax", name="kind")(x), layers.Dense(1, name="size")(x)
    model = keras.Model(x, [kind, size])
    model.compile("sgd", **kwargs)
    return model


def test_single_batches_pass():
    model = sequential(layers.Dense(1))
    model.train_on_batch(X, Y[:, 0])
    model.test_on_batch(X, Y, sample_weight=np.ones(N))
    model.predict_on_batch(X)
    with pytest.raises(ValueError, match=r"^train_on_batch: Data cardinality is ambiguous"):
        model.train_on_batch(X, Y[:3])


def test_several_outputs_pass():
    by_name = {"kind": "sparse_categorical_crossentropy", "size": "mse"}
    fit(two_outputs(loss=by_name, metrics={"kind": "accuracy"}), X, {"kind": CLASSES, "size": Y})
    fit(two_outputs(loss=list(by_name.values())), X, [CLASSES, Y[:, 0]])
    fit(two_outputs(loss={"kind": "sparse_categorical_crossentropy", "size": None}), X, [CLASSES, Y])


@pytest.mark.parametrize(
    ("last", "loss", "y"),
    [
        (lambda: layers.Dense(1), "mse", np.sign(Y[:, 0])),
        (lambda: layers.Dense(1), "mse", np.sign(Y).astype("float64").tolist()),
        (lambda: layers.Dense(1, activation="sigmoid"), "binary_crossentropy", Y[:, 0] > 0),
        (lambda: layers.Dense(1, activation="sigmoid"), "binary_crossentropy", np.full((N, 1), 0.3)),
        (lambda: layers.Dense(3, activation="softmax"), "sparse_categorical_crossentropy", CLASSES.tolist()),
        (lambda: layers.Dense(3, activation="softmax"), "categorical_crossentropy", np.full((N, 3), 1 / 3)),
        (lambda: layers.Dense(3), keras.losses.CategoricalCrossentropy(True, 0.1), np.eye(3)[CLASSES]),
        (lambda: layers.Dense(3), keras.losses.SparseCategoricalCrossentropy(True, ignore_class=-1), CLASSES - 1),
        (lambda: layers.Dense(2), own_loss, np.concatenate([Y, Y], 1)),
    ],
)
def test_targets_of_every_usual_form_pass(last, loss, y):
    fit(sequential(last(), loss=loss, metrics=["accuracy"]), X, y if isinstance(y, list) else np.asarray(y))


def test_small_integers_and_words_by_number_pass():
    fit(
        sequential(layers.Dense(1), optimizer=keras.optimizers.SGD(1e-6)),
        np.arange(N * 4, dtype="uint8").reshape(N, 4),
        Y,
    )
    fit(sequential(layers.Embedding(9, 2), layers.Flatten(), layers.Dense(1)), np.arange(N * 4).reshape(N, 4) % 9, Y)


def test_losses_without_targets_pass():
    fit(sequential(AddsLoss(), layers.Dense(1), loss=None), X)


def test_pandas_passes():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    fit(sequential(layers.Dense(1)), frame, frame["a"])
