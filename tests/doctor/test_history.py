"""D3's recipe (row G6): training performance first, then validation performance."""

import math

import numpy as np
import pytest

from jaxnn.callbacks import History
from jaxnn.doctor import read_history
from tests.documents import overfit


@pytest.mark.parametrize(
    ("record", "codes"),
    [
        ({}, []),
        ({"loss": [1.0, 0.9]}, []),  # too few epochs
        ({"loss": [1, 0.5, 0.3, 0.3, 0.3], "val_loss": [1, 0.6, 0.5, 0.5, 0.5]}, []),
        ({"loss": [1, 0.5, 0.3, 0.2, 0.1], "val_loss": [1, 0.6, 0.6, 0.8, 0.9]}, ["J501"]),
        ({"loss": [1, 0.5, 0.3, 0.2, 0.1], "val_loss": [1, 0.6, 0.6, 0.8, 0.62]}, []),  # hardly worse
        ({"loss": [1, 0.99, 0.99, 0.98, 0.98], "val_loss": [1, 0.6, 0.6, 0.8, 0.9]}, ["J502"]),  # first look first
        ({"loss": [1.0, 0.8, 0.6, 0.5, 0.4]}, ["J503"]),
        ({"loss": [1.0, 0.5, 0.3, 0.3, 0.3], "accuracy": [0.5] * 4 + [0.99], "val_acc": [0.5] * 4 + [0.7]}, ["J501"]),
        ({"loss": [1.0, math.nan, math.nan]}, ["J504"]),
        ({"loss": [math.inf]}, ["J504"]),
        ({"loss": [1.0, 0.8, 2.0, 5.0, 9.0]}, ["J504"]),
    ],
)
def test_symptoms_are_told_apart(record, codes):
    assert read_history(record).codes == codes


def test_a_baseline_shows_underfitting_that_the_curve_hides():
    record = {"loss": [5.0, 2.0, 0.7, 0.693, 0.693]}
    assert read_history(record).codes == []
    assert read_history(record, baseline=math.log(2)).codes == ["J502"]
    assert "the best constant answer has 0.6931" in str(read_history(record, baseline=math.log(2)))


def test_the_cure_fits_the_symptom():
    over, under = (
        read_history({"loss": [1, 0.5, 0.1, 0.1, 0.1], "val_loss": [1, 2, 3, 4, 5]}),
        read_history({"loss": [1.0] * 5}),
    )
    assert "EarlyStopping" in str(over.findings[0].help)
    assert "more data" in str(over.findings[0].help)
    assert "Dropout and penalties only later" in str(under.findings[0].help)


def test_a_history_object_is_read_as_fit_returns_it():
    history = History()
    history.history = {"loss": [1.0] * 5}
    assert read_history(history).codes == ["J502"]


def test_the_documents_overfit_is_told():
    """The small sample and the large net of D1 and D3, as tests/documents trains them."""
    (x, y), validation = overfit.data()
    history = overfit.net().fit(x, y, epochs=30, batch_size=100, verbose=0, validation_data=validation)
    assert read_history(history).codes == ["J501"]
    assert np.argmin(history.history["val_loss"]) < 29
