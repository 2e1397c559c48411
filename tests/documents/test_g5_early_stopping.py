"""Row G5: early stopping: training ends where a validation set's loss is lowest, not the training set's.

Source: D3 (003_01e2b52696f5cb58), "Early Stopping": the test set is not to be known, so a validation set stands in for it.
"""

import numpy as np
import pytest

from jaxnn import callbacks
from tests.documents import overfit

PATIENCE = 10


@pytest.fixture(scope="module")
def stopped():
    model = overfit.net()
    stop = callbacks.EarlyStopping(monitor="val_loss", patience=PATIENCE, restore_best_weights=True)
    return model, stop, overfit.fit(model, callbacks=[stop])


def by_hand(val_loss):
    """The best epoch, and the one after which the patience is over."""
    best = 0
    for epoch, value in enumerate(val_loss):
        if value < val_loss[best]:
            best = epoch
        if epoch - best == PATIENCE:
            return best, epoch
    return best, len(val_loss) - 1


def test_g5_the_training_loss_falls_on_while_the_validation_loss_rises():
    history, _ = overfit.plain()
    best, _ = by_hand(history["val_loss"])
    assert 5 < best < 50
    assert history["loss"][-1] < 0.1 * history["loss"][best]
    assert history["val_loss"][-1] > 1.05 * history["val_loss"][best]


def test_g5_it_stops_when_its_patience_is_over(stopped):
    _, stop, history = stopped
    full, _ = overfit.plain()
    best, last = by_hand(full["val_loss"])
    assert len(history["loss"]) == last + 1 < overfit.EPOCHS
    assert (stop.best_epoch, stop.stopped_epoch) == (best, last)
    for name in history:  # until then it is the same training
        np.testing.assert_array_equal(history[name], full[name][: last + 1])


def test_g5_the_weights_are_the_best_epochs(stopped):
    model, stop, history = stopped
    _, validation = overfit.data()
    loss = model.evaluate(*validation, batch_size=100, verbose=0)[0]
    assert loss == min(history["val_loss"])  # the same sum over the same batches
    again = overfit.net()
    overfit.fit(again, epochs=stop.best_epoch + 1)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_g5_stopping_earlier_serves_data_that_is_new_to_both(stopped):
    """Rows that neither trained nor stopped the net: half of those that validate are kept back here."""
    (x, y), (x_new, y_new) = overfit.data()
    model = overfit.net()
    stop = callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    held_back = x_new[500:], y_new[500:]
    watched = x_new[:500], y_new[:500]
    model.fit(x, y, batch_size=100, epochs=overfit.EPOCHS, validation_data=watched, callbacks=[stop], verbose=0)
    over = overfit.net()
    over.fit(x, y, batch_size=100, epochs=overfit.EPOCHS, verbose=0)
    assert model.evaluate(*held_back, verbose=0)[0] < 0.97 * over.evaluate(*held_back, verbose=0)[0]
