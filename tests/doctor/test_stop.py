"""StopOnNonFinite: ends at the first loss that is no number, with the last good weights."""

import numpy as np
import pytest

import jaxnn as keras
from jaxnn import layers
from jaxnn.doctor import StopOnNonFinite

X = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
Y = 2 * X[:, :1]


def network(rate):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(rate), "mse")
    return model


def test_it_stops_at_the_step_and_puts_good_weights_and_slots_back(capsys):
    model, stop = network(0.01), StopOnNonFinite()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[stop])
    assert stop.stopped is None
    good = model.get_weights(), [np.asarray(v) for v in model.optimizer.variables]
    spoilt = Y.copy()
    spoilt[100] = np.inf
    with keras.doctor.ignore("J211"):
        history = model.fit(X, spoilt, epochs=5, verbose=0, shuffle=False, callbacks=[stop])
    assert stop.stopped == (0, 3)  # row 100 is in the fourth batch of 32
    assert "StopOnNonFinite: epoch 1, batch 3: loss inf" in capsys.readouterr().out
    assert len(history.history["loss"]) == 1
    assert all(np.array_equal(a, b) for a, b in zip(good[0], model.get_weights(), strict=True))
    assert all(np.array_equal(a, v) for a, v in zip(good[1], model.optimizer.variables, strict=True))
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("every", [None, 2])
def test_it_changes_no_number_of_a_sound_run(every):
    plain = network(0.01).fit(X, Y, epochs=3, verbose=0).history
    watched = network(0.01).fit(X, Y, epochs=3, verbose=0, callbacks=[StopOnNonFinite(every)]).history
    assert plain == watched


def test_copies_within_an_epoch_are_nearer():
    model, stop = network(0.01), StopOnNonFinite(every=2)
    spoilt = Y.copy()
    spoilt[180] = np.inf
    with keras.doctor.ignore("J211"):
        model.fit(X, spoilt, verbose=0, shuffle=False, callbacks=[stop])
    assert stop.stopped == (0, 5)
    assert int(model.optimizer.iterations) == 4
