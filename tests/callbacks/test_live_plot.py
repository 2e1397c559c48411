"""LivePlot: text where there is no notebook, one figure redrawn where there is one, and no more often than asked."""

import sys
import types

import numpy as np
import pytest

import jaxnn as keras
from jaxnn.callbacks import LivePlot

X, Y = np.random.RandomState(0).randn(32, 2), np.ones((32, 1))


def net():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def run(plot, epochs):
    plot.on_train_begin()
    for epoch in range(epochs):
        plot.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1), "accuracy": 0.5, "val_loss": 2.0 / (epoch + 1)})
    plot.on_train_end()


def test_without_a_notebook_it_prints_lines(capsys):
    run(LivePlot(every=0), 3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "epoch 3  loss 0.3333  accuracy 0.5  val_loss 0.6667  █▃▁"
    assert len(lines) == 3


def test_reports_are_rare_and_the_last_is_always_there(capsys):
    plot = LivePlot(every=1000, names=["loss"])
    run(plot, 50)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("epoch 50  loss 0.02  val_loss 0.04  █")
    assert len(line.split("  ")[-1]) == 40
    assert plot.redraws == 1
    assert len(plot.history["loss"]) == 50


def test_in_a_notebook_one_figure_is_redrawn(monkeypatch):
    pytest.importorskip("matplotlib")
    shown = []

    class Handle:
        def update(self, figure):
            shown.append(figure)

    def display(figure, display_id):
        shown.append(figure)
        return Handle()

    ipython = types.ModuleType("IPython")
    events = types.SimpleNamespace(register=lambda *_: None)  # these and the version are for matplotlib
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=True, events=events)
    ipython.version_info = (9, 0, 0)
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    run(LivePlot(every=0), 3)
    assert len(shown) == 3
    loss, accuracy = shown[-1].axes[:2]
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [1, 1 / 2, 1 / 3])
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training", "validation"]
    assert accuracy.get_ylabel() == "accuracy"


def test_losses_that_are_not_finite_are_the_highest(capsys):
    plot = LivePlot(every=1000)
    plot.on_train_begin()
    for epoch, loss in enumerate([1.0, 0.5, float("nan")]):
        plot.on_epoch_end(epoch, {"loss": loss})
    plot.on_train_end()
    assert capsys.readouterr().out.rstrip().endswith("█▁█")


def test_it_follows_fit_and_starts_anew(capsys):
    plot = LivePlot()
    for _ in range(2):
        history = net().fit(X, Y, epochs=3, verbose=0, callbacks=[plot])
        assert plot.history["loss"] == history.history["loss"]
    assert "epoch 3" in capsys.readouterr().out


def test_negative_seconds_are_refused():
    with pytest.raises(ValueError, match="`every` must be a number of seconds, 0 or more; got -1"):
        LivePlot(every=-1)
