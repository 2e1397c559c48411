"""Row S1: the binary snippet of D0 (000_6de89d3050151039), section 2.4.5, as it is printed.

The text lost its line breaks; they are restored, and nothing else.
"""

import numpy as np
import pytest

from tests.documents import snippets

SNIPPET = """
model = Sequential()
model.add(Dense(16, activation='sigmoid', input_shape=(8,)))
model.add(Dense(16, activation='sigmoid'))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer=SGD(), metrics=['accuracy'])
history = model.fit(x_train, y_train, batch_size=32, epochs=20, verbose=1, validation_data=(x_test, y_test))
"""


@pytest.mark.parametrize("imports", snippets.IMPORTS)
def test_s1_runs_as_printed(imports, capsys):
    names = snippets.run(SNIPPET, imports, "binary")
    printed = capsys.readouterr().out
    assert "Epoch 1/20" in printed
    assert "Epoch 20/20" in printed
    assert "35/35" in printed  # 1,094 days in batches of 32, the last one short
    assert names["model"].count_params() == (8 * 16 + 16) + (16 * 16 + 16) + (16 + 1)
    assert names["history"].history["loss"][-1] < names["history"].history["loss"][0]


def test_s1_trains_as_by_hand():
    snippets.assert_trained_as_by_hand(SNIPPET, "binary", "sigmoid", "binary_crossentropy")


def test_s1_evaluates_and_predicts_what_it_has_learnt():
    names = snippets.run(SNIPPET, "star", "binary")
    model, x, y = (names[name] for name in ("model", "x_test", "y_test"))
    loss, accuracy = model.evaluate(x, y, verbose=0)
    # the last epoch's validation is the same sum over the same batches
    assert [loss, accuracy] == [names["history"].history[name][-1] for name in ("val_loss", "val_accuracy")]
    rain = model.predict(x, verbose=0) > 0.5  # D0 2.2.3: above 0.5 it is said to rain
    assert accuracy == pytest.approx(np.mean(rain == y), abs=1e-6)  # float32's mean of 365 ones and zeros
