"""The benchmark's pieces on tiny sizes: contestants train the same network on all rows. Times never decide a test."""

import json

import jax
import keras
import numpy as np
import pytest

import jaxnn
from benchmarks import cold, handwritten, snippets, tasks, timing

TASKS = [tasks.binary, tasks.three_classes, tasks.regression]
PLAIN = "by hand: the plain scan"
SAME = 1e-5  # relative: the peers take the loss from logits and sum in another order; two epochs from the same weights


def losses_of(fits, task, epochs):
    """The history of each contestant, from the same shuffles where they draw them by NumPy."""
    result = {}
    for name, fit in fits.items():
        np.random.seed(3)
        if name.startswith("by hand"):
            np.random.permutation(len(task.x))  # frameworks draw one more, for their look at the first batch
        result[name] = fit(epochs)
    return result


@pytest.mark.parametrize("make", TASKS, ids=lambda make: make.__name__)
def test_all_contestants_give_the_same_losses(make, capfd):
    task = make(80)  # two full batches and a short one
    losses = losses_of(snippets.snippet_fits(task), task, epochs=2)
    plain = losses.pop(PLAIN)  # its shuffles are its own
    assert np.isfinite(plain).all()
    for name, values in losses.items():
        np.testing.assert_allclose(values, losses["jaxnn"], rtol=SAME, err_msg=name)
    assert capfd.readouterr().out == ""  # the bar went into its pipe


def test_the_regularised_network_is_the_same_computation():
    task = tasks.binary(80)
    losses = losses_of(snippets.regularised_fits(task, rate=0.0), task, epochs=3)
    assert np.isfinite(losses.pop(PLAIN)).all()
    for name, values in losses.items():  # 1e-3: optax's Adam has its epsilon elsewhere, which the first steps feel
        np.testing.assert_allclose(values, losses["jaxnn"], rtol=1e-3, err_msg=name)


def test_dropout_by_hand_moves_the_loss_but_not_far():
    task = tasks.binary(32)
    weights = tasks.regularised(jaxnn, task).get_weights()
    losses = []
    for rate in (0.0, 0.3):
        step, carry = handwritten.regularised(task, weights, rate)
        losses.append(float(jax.jit(step)(carry, task.x, task.y)[1]) / 32)
    assert 1e-3 < abs(losses[1] - losses[0]) < 0.5


def test_the_plain_scan_trains_alike_where_its_own_shuffles_cannot_matter():
    task = tasks.binary(72)
    task = task._replace(x=np.repeat(task.x[:1], 72, 0), y=np.repeat(task.y[:1], 72, 0))  # all rows alike
    weights = handwritten.first_weights(task)
    fits = {
        "by hand": handwritten.best(task, *handwritten.snippet_by_hand(task, weights)),
        PLAIN: handwritten.plain_scan(task, *handwritten.snippet(task, weights)),
    }
    losses = losses_of(fits, task, epochs=3)
    np.testing.assert_allclose(losses[PLAIN], losses["by hand"], rtol=SAME)


def test_the_plain_scan_sees_every_row_once():
    task = tasks.binary(40)._replace(x=np.arange(1, 41, dtype="float32")[:, None])
    step = lambda carry, x, y: (carry + x.sum(), x.sum(), len(x))  # noqa: E731
    assert handwritten.plain_scan(task, step, np.float32(0))(1) == [pytest.approx(820 / 40)]  # 1 + 2 + ... + 40 = 820


def test_one_row_gives_one_probability_everywhere():
    task = tasks.binary(64)
    for contest in (snippets.calls_of_one(task), snippets.predictions_of_one(task)):
        for name, run in contest.items():
            value = np.asarray(run())
            assert value.shape == (1, 1), name
            assert 0 < value.item() < 1, name


@pytest.mark.parametrize("who", ["jaxnn", "keras", "scan"])
def test_the_cold_script_trains(who):
    assert 0 < cold.main(who, epochs=1, rows=70) < 1.5


def test_the_cold_script_of_hand_written_jax_imports_no_framework():
    code = "import sys; from benchmarks import cold; cold.main('scan', 1, 70); print({'jaxnn', 'keras'} & set(sys.modules))"
    assert snippets.run_python("-c", code).strip() == "set()"


def test_contestants_take_turns():
    order = []
    runs = {name: lambda name=name: order.append(name) for name in "abc"}
    result = timing.contest("a title", "ms", runs, rounds=2)
    assert "".join(order) == "abcabc"
    assert result.reference == "a"
    assert [len(times) for times in result.times.values()] == [2, 2, 2]


def test_ratios_are_paired_by_round():
    result = timing.Contest("", "s", {"a": [1.0, 10.0, 2.0], "b": [2.0, 20.0, 4.0]})  # the second round was disturbed
    assert result.ratios("b") == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(3, 1, 3), (6, 1, 6), (9, 2, 8), (20, 6, 15)],  # from tables of the sign test at 95 %
)
def test_the_interval_of_the_median_is_the_sign_tests(count, low, high):
    assert timing.interval(list(range(count, 0, -1))) == (low, high)


def test_the_table_has_medians_ratios_and_intervals():
    times = {"ours": [1e-3] * 9, "theirs": [n * 1e-3 for n in range(1, 10)]}
    lines = timing.table(timing.Contest("an epoch", "ms", times)).splitlines()
    assert lines[0] == "an epoch"
    assert lines[1].split() == ["ms", "ratio", "95", "%", "interval"]
    assert lines[2].split() == ["ours", "1"]
    assert lines[3].split() == ["theirs", "5", "5", "2", "to", "8"]


def test_the_command_prints_tables_and_writes_json(monkeypatch, tmp_path, capsys):
    result = timing.Contest("an epoch", "ms", {"jaxnn": [1.0], "Keras": [3.0]})
    monkeypatch.setattr(snippets, "measure", lambda quick: iter([result] if quick else []))
    snippets.main(["--quick", "--json", str(tmp_path / "times.json")])
    assert timing.table(result) in capsys.readouterr().out
    written = json.loads((tmp_path / "times.json").read_text())
    assert written["contests"] == [{"title": "an epoch", "unit": "ms", "times": {"jaxnn": [1.0], "Keras": [3.0]}}]
    assert written["versions"]["keras"] == keras.__version__


def test_the_command_says_its_options(capsys):
    with pytest.raises(SystemExit):
        snippets.main(["--help"])
    shown = capsys.readouterr().out
    assert "--quick" in shown
    assert "--json FILE" in shown
