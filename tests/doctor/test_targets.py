"""Targets against outputs: shapes, broadcasting, labels."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import doctor, losses
from jaxnn.core.graph import KerasTensor
from tests.doctor.fakes import FakeModel

N = 12
SPARSE, ONE_HOT, BINARY = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"
CLASSES = np.arange(N) % 3


def look(loss, y, output, weight=None, who="fit", names=None):
    outputs = output if isinstance(output, list) else [output]
    doctor.check_data(FakeModel(loss, outputs, names), who, (np.ones((N, 4), "float32"), y, weight))


def zeros(*shape):
    return np.zeros((N, *shape), "float32")


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_one_hot_targets_of_a_sparse_loss_are_told():
    message = (
        r"^fit: sparse_categorical_crossentropy takes integer labels of shape \(N,\); `y` has shape \(N, 3\) "
        r"\(.*must have the same shape up until the last dimension\)\. If it is one-hot, use loss='categorical"
    )
    for loss in (SPARSE, losses.SparseCategoricalCrossentropy(from_logits=True)):
        with pytest.raises(ValueError, match=message):
            look(loss, np.eye(3)[CLASSES], (None, 3))


def test_integer_labels_of_a_categorical_loss_are_told():
    message = (
        r"^fit: categorical_crossentropy takes one-hot targets of shape \(N, 3\); `y` has shape \(N.*\) \(Arguments "
        r"`target` and `output` must have the same shape\)\. .*loss='sparse_categorical_crossentropy' or "
        r"utils.to_categorical\(y, 3\)"
    )
    for y in (CLASSES, CLASSES[:, None]):
        with pytest.raises(ValueError, match=message):
            look(ONE_HOT, y, (None, 3))


def test_a_wrong_number_of_classes_is_told():
    with pytest.raises(ValueError, match="needs a unit for each class: 5"):
        look(ONE_HOT, np.eye(5)[CLASSES], (None, 3))
    with pytest.raises(ValueError, match="For 3 exclusive classes use 3 softmax units"):
        look(BINARY, np.eye(3)[CLASSES], (None, 1))
    with pytest.raises(ValueError, match="For integer labels use loss='sparse_cat"):
        look(BINARY, CLASSES % 2, (None, 2))
    with pytest.raises(ValueError, match=r"takes integer labels of shape \(N, 5\)"):
        look(SPARSE, CLASSES, (None, 5, 3))


def test_targets_that_would_meet_other_samples_are_an_error():
    message = (
        "mean_squared_error takes targets of shape .*; `y` has shape .*would compare each sample with other samples"
    )
    for loss in ("mse", losses.MeanSquaredError(), losses.mean_squared_error):
        with pytest.raises(ValueError, match=message + ".*return_sequences=False"):
            look(loss, zeros(), (None, 5, 1))
    with pytest.raises(ValueError, match=message + ".*Give the last layer one unit, or the targets 3 columns"):
        look("mse", zeros(), (None, 3))


def test_targets_that_cannot_broadcast_are_an_error():
    with pytest.raises(ValueError, match=r"\(N, 4\); `y` has shape \(N, 3\) .*Give the last layer 3 units"):
        look("mae", zeros(3), (None, 4))


@pytest.mark.parametrize(
    ("y", "output", "words"),
    [
        (zeros(1), (None, 3), "one target serves several outputs"),
        (zeros(3), (None, 1), "one output meets several targets"),
        (zeros(1), (None, 5, 1), "one target serves several outputs"),
    ],
)
def test_one_number_for_several_is_a_warning_once_a_model(y, output, words):
    model = FakeModel("mse", [output])
    with pytest.warns(UserWarning, match=words) as caught:
        doctor.check_data(model, "fit", (zeros(4), y, None))
    doctor.check_data(model, "fit", (zeros(4), y, None))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("loss", "y", "output"),
    [
        ("mse", zeros(), (None, 1)),
        ("mse", zeros(1), (None,)),
        ("mse", zeros(5), (None, 5, 1)),
        ("mse", zeros(5, 1), (None, 5)),
        ("mse", zeros(5, 2), (None, None, 2)),
        ("mse", zeros(5), (None, 5, None)),
        ("huber", zeros(8, 8, 3), (None, 8, 8, 3)),
        (SPARSE, CLASSES, (None, 3)),
        (SPARSE, CLASSES[:, None].astype(float), (None, 3)),
        (SPARSE, zeros(5), (None, 5, 3)),
        (SPARSE, zeros(5, 1), (None, None, 3)),
        (losses.SparseCategoricalCrossentropy(axis=1), zeros(5), (None, 3, 5)),
        (ONE_HOT, np.full((N, 3), 1 / 3), (None, 3)),
        (losses.CategoricalCrossentropy(label_smoothing=0.1), np.eye(3)[CLASSES], (None, 3)),
        (BINARY, CLASSES % 2, (None, 1)),
        (BINARY, CLASSES % 2 == 0, (None, 1)),
        (BINARY, np.full(N, 0.3), (None, 1)),
        (BINARY, np.eye(3, dtype="uint8")[CLASSES], (None, 3)),
        (losses.BinaryCrossentropy(label_smoothing=0.1), CLASSES % 2, (None, 1)),
        (BINARY, np.linspace(-0.05, 1.05, N), (None, 1)),
        ("hinge", CLASSES % 2 * 2 - 1, (None, 1)),
        ("poisson", CLASSES, (None, 1)),
        ("dice", zeros(8, 8, 1), (None, 8, 8, 1)),
        (lambda y_true, y_pred: y_pred, zeros(7), (None, 3)),
        (lambda y_true, y_pred: y_pred, zeros(), (None, 3, 1)),
        (None, zeros(7), (None, 3)),
        ("mse", jnp.zeros((N, 3), "bfloat16"), (None, 3)),
    ],
)
@pytest.mark.parametrize("who", ["fit", "evaluate"])
def test_sound_targets_pass_silently(loss, y, output, who):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        look(loss, y, output, who=who)


def test_several_outputs_are_matched_by_order_and_by_name():
    outputs, names = [(None, 3), (None, 1)], ["kind", "age"]
    good = {"kind": CLASSES, "age": zeros()}
    look({"kind": SPARSE, "age": "mse"}, good, outputs, names=names)
    look([SPARSE, "mse"], [CLASSES, zeros(1)], outputs, names=names)
    look([SPARSE, None], [CLASSES, zeros(7)], outputs, names=names)
    look({"kind": SPARSE}, good, outputs, names=names)
    look([[SPARSE], "mse"], list(good.values()), outputs)
    with pytest.raises(ValueError, match=r"takes integer labels of shape \(N,\); `y\['kind'\]` has shape \(N, 3\)"):
        look({"kind": SPARSE, "age": "mse"}, {"kind": np.eye(3)[CLASSES], "age": zeros()}, outputs, names=names)
    with pytest.raises(ValueError, match=r"`y\[1\]` has shape \(N, 2\)"):
        look([SPARSE, BINARY], [CLASSES, zeros(2)], outputs, names=names)


def test_what_cannot_be_matched_is_left_to_compile():
    look(["mse", "mse", "mse"], zeros(7), [(None, 3), (None, 1)])
    look("mse", {"a": zeros(7)}, [(None, 3)], names=["b"])
    look({"a": "mse"}, {"a": {"c": zeros(7)}}, [(None, 3)], names=["a"])


def test_an_unbuilt_model_is_checked_when_its_outputs_are_known():
    model = FakeModel(SPARSE)
    doctor.check_data(model, "fit", (zeros(4), CLASSES + 1, None))
    with pytest.raises(ValueError, match=r"^fit: labels of `y` must be 0 to 2"):
        doctor.check_targets(model, KerasTensor((32,)), KerasTensor((32, 3)))
    doctor.check_targets(model, KerasTensor((32,)), KerasTensor((32, 3)))  # nothing waits any more


def test_steps_of_the_users_own_may_take_other_targets():
    class OwnStep(FakeModel):
        def train_step(self, state, data):
            return state

    class OwnLoss(FakeModel):
        def compute_loss(self, x, y, y_pred, sample_weight):
            return y_pred

    for model in (OwnStep(SPARSE, [(None, 3)]), OwnLoss(SPARSE, [(None, 3)])):
        doctor.check_data(model, "fit", (zeros(4), zeros(7) - 5.5, None))


def test_a_stream_is_checked_by_its_first_batchs_shapes():
    with pytest.raises(ValueError, match=r"^FakeModel 'fake': sparse_cat.*`y` has shape \(N, 3\)"):
        doctor.check_targets(FakeModel(SPARSE), KerasTensor((32, 3)), KerasTensor((32, 3)))


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (CLASSES + 1, r"must be 0 to 2, one class for each of the 3 outputs; got 1 to 3\. Count from 0: y - 1"),
        (CLASSES * 2, r"got 0 to 4\. Give the last layer 5 units"),
        (CLASSES - 1.0, None),
        (CLASSES * 4 - 4, r"got -4 to 4\. Number the classes from 0"),
        (np.full(N, -1), "got -1 to -1"),
        (CLASSES + 0.5, r"takes whole numbers as labels; `y` has 0\.5\. For numbers to be predicted use loss='mse'"),
        (np.where(CLASSES == 2, np.nan, CLASSES), r"`y` has nan\. Drop these samples"),
        (np.where(CLASSES == 2, np.inf, CLASSES), r"`y` has inf\. Drop these samples"),
    ],
)
def test_labels_without_a_class_are_told(y, words):
    if words is None:
        with pytest.warns(UserWarning, match=r"4 of 12 labels are -1, which teaches nothing\. .*ignore_class=-1"):
            look(SPARSE, y, (None, 3))
        return
    with pytest.raises(ValueError, match=f"^fit: .*{words}"):
        look(SPARSE, y, (None, 3))
    with pytest.warns(UserWarning, match=f"^evaluate: .*{words}"):
        look(SPARSE, y, (None, 3), who="evaluate")


def test_classes_with_one_output_are_told():
    with pytest.raises(ValueError, match=r"must be 0 to 0.*Use loss='binary_crossentropy'"):
        look(SPARSE, CLASSES % 2, (None, 1))


def test_labels_that_do_not_count_may_be_anything():
    look(losses.SparseCategoricalCrossentropy(ignore_class=255), np.where(CLASSES == 2, 255, 0), (None, 3))
    look(SPARSE, np.where(CLASSES == 2, 77, 0), (None, 3), weight=(CLASSES != 2).astype("float32"))
    look(SPARSE, np.tile(CLASSES * 2, (5, 1)).T, (None, 5, 3), weight=np.tile(CLASSES != 2, (5, 1)).T)
    look(BINARY, np.where(CLASSES == 2, 7, 0), (None, 1), weight=(CLASSES != 2).astype("float32"))


@pytest.mark.parametrize(
    ("y", "severity", "words"),
    [
        (CLASSES, "error", "has 0 to 2. For 3 classes use sparse_categorical_crossentropy and a softmax of 3 units"),
        (CLASSES % 2 + 1, "error", "has 1 to 2. Code the two classes as 0 and 1: y == 2"),
        (np.arange(N * 20).reshape(N, 20), "error", "has 0 to 239. If these are pixels, divide by 255"),
        (CLASSES % 2 * 2 - 1, "warning", "has -1 to 1. Code the two classes as 0 and 1: y == 1"),
        (CLASSES % 2 * 255, "warning", "has 0 to 255. Code the two classes as 0 and 1: y == 255"),
        (CLASSES * 0.8, "warning", "has 0 to 1.6. For numbers to be predicted use loss='mse'"),
    ],
)
def test_binary_targets_outside_their_range_are_told(y, severity, words):
    words = f"binary_crossentropy takes targets between 0 and 1; `y` {words}"
    output = (None, y.shape[-1] if y.ndim > 1 else 1)
    if severity == "error":
        with pytest.raises(ValueError, match=f"^fit: {words}"):
            look(BINARY, y, output)
    with pytest.warns(UserWarning, match=words):
        look(BINARY, y, output, who="fit" if severity == "warning" else "evaluate")
