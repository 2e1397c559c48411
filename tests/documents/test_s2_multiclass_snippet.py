"""Row S2: the snippet of D0 (000_6de89d3050151039), section 3.4: three classes, one-hot targets, softmax."""

import numpy as np
import pytest

from tests.documents import snippets

SNIPPET = """
model = Sequential()
model.add(Dense(16, activation='sigmoid', input_shape=(8,)))
model.add(Dense(16, activation='sigmoid'))
model.add(Dense(3, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer=SGD(), metrics=['accuracy'])
history = model.fit(x_train, y_train, batch_size=32, epochs=20, verbose=1, validation_data=(x_test, y_test))
"""


@pytest.mark.parametrize("imports", snippets.IMPORTS)
def test_s2_runs_as_printed(imports, capsys):
    names = snippets.run(SNIPPET, imports, "multiclass")
    assert "Epoch 20/20" in capsys.readouterr().out
    assert names["y_train"].shape == (1094, 3)
    assert names["history"].history["loss"][-1] < names["history"].history["loss"][0]
    p = names["model"].predict(names["x_test"], verbose=0)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)  # one class of the three is certain to occur


def test_s2_trains_as_by_hand():
    snippets.assert_trained_as_by_hand(SNIPPET, "multiclass", "softmax", "categorical_crossentropy")
