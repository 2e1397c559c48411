"""Samples: present, equally many, numbers."""

import numpy as np
import pytest

from jaxnn import doctor, losses
from tests.doctor.fakes import FakeModel

X = np.ones((10, 4), "float32")
Y = np.ones((10, 1), "float32")


def look(x, y=None, weight=None, who="fit", loss="mse", model=None):
    doctor.check_data(model or FakeModel(loss), who, (x, y, weight))


def test_different_lengths_are_told_with_their_names():
    message = r"^fit: Data cardinality is ambiguous. .*'x' sizes: 10, 'y' sizes: 9, 'sample_weight' sizes: 3\."
    with pytest.raises(ValueError, match=message):
        look(X, Y[:9], np.ones(3))


def test_lengths_inside_structures_are_named_as_python_would():
    with pytest.raises(ValueError, match=r"'x\['a'\]' sizes: 10, 'x\['b'\]\[0\]' sizes: 4"):
        look({"a": X, "b": [X[:4]]}, Y)


def test_a_list_of_samples_is_recognised():
    with pytest.raises(ValueError, match=r"and 7 more\. A list of 10 arrays counts as 10 inputs.*np\.stack\(x\)"):
        look([np.ones(4) for _ in range(10)], Y)


@pytest.mark.parametrize("who", ["fit", "evaluate", "predict", "validation_data", "train_on_batch", "test_on_batch"])
def test_no_samples_are_told(who):
    with pytest.raises(ValueError, match=rf"^{who}: `x` must have at least one sample; got an array of shape \(0, 4\)"):
        look(X[:0], None if who == "predict" else Y[:0], who=who)


def test_missing_data_is_told():
    with pytest.raises(ValueError, match="`x` is not optional, but None was passed"):
        look(None, Y)
    with pytest.raises(ValueError, match="`x` must have a first axis of samples; got a single number"):
        look(np.float32(3).reshape(()), Y)


@pytest.mark.parametrize("who", ["fit", "evaluate", "train_on_batch"])
def test_missing_targets_are_told(who):
    with pytest.raises(ValueError, match=f"^{who}: `y` must be given, since the model was compiled with 'mse'"):
        look(X, who=who)


def test_targets_may_be_missing_where_nothing_compares_with_them():
    class OwnCall(losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return y_pred

    class OwnStep(FakeModel):
        def train_step(self, state, data):
            return state

    look(X, loss=None)
    look(X, loss={"a": None})
    look(X, loss=OwnCall())
    look(X, who="predict")
    look(X, model=OwnStep("mse"))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([["1.5", "male"]] * 10, object), "column 0 has numbers written as text such as '1.5'"),
        (np.array([[3.0, "male"]] * 10, object), r"column 1 has text such as 'male' \(Invalid dtype: object\)"),
        (np.array(["a"] * 10), r"it has text such as .*\(Invalid dtype: <U1\).*pandas.get_dummies"),
        (np.array([["x" * 90]] * 10), "it has text such as 'x{36}...'"),
        (np.array([[3.0, None]] * 10, object), "column 1 has None .*Drop these rows or fill them"),
        (np.array([[3.0, True]] * 10, object), r"numbers as Python objects .*astype\('float32'\)"),
        (np.array([[1]] * 9 + [[1, 2]], object), "rows of different lengths .*fill the short ones"),
        (np.array([object()] * 10), "objects of type object"),
        (np.array(["2020-01-01"] * 10, "datetime64[D]"), "dates such as 2020-01-01"),
        (np.zeros(10, [("a", "f4"), ("b", "f4")]), "records of a, b .*column_stack"),
    ],
)
def test_what_is_no_number_is_told_with_what_to_do(array, words):
    with pytest.raises(ValueError, match=f"^fit: `x` must hold numbers; .*{words}"):
        look(array, Y)
    with pytest.raises(ValueError, match=r"^predict: `x` must hold numbers"):
        look(array, who="predict")
