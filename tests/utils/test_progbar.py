import io
import logging
import sys

import numpy as np
import pytest

from jaxnn.core import config
from jaxnn.utils import progbar
from jaxnn.utils.printing import print_line
from jaxnn.utils.progbar import Progbar

from .screens import AsciiFile, Clock, Notebook, Terminal, without_colours

FULL = "━" * 20
EPOCH = [("accuracy", 0.8123), ("loss", 0.4), ("val_accuracy", 0.79), ("val_loss", 0.000412)]


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progbar, "time", clock)
    return clock


@pytest.fixture
def show(monkeypatch):
    """Makes a stream the standard output, in a window of some width."""
    for name in ("NO_COLOR", "PYCHARM_HOSTED", "TERM", "WT_SESSION"):
        monkeypatch.delenv(name, raising=False)

    def on(stream, columns=80):
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setenv("COLUMNS", str(columns))
        return stream

    return on


def run_epoch(clock, steps=100, seconds=0.02, stateless_metrics=(), **kwargs):
    """An epoch as `fit` draws it: a step of 20 ms each, then validation, which takes half a second."""
    bar = Progbar(steps, stateless_metrics=stateless_metrics, **kwargs)
    for step in range(1, steps + 1):
        clock.now += seconds
        bar.update(step, [("accuracy", step / 200), ("loss", 1 - step / 200)], finalize=False)
    clock.now += 0.5
    bar.update(steps, EPOCH, finalize=True)


def test_a_file_gets_one_plain_line(show, clock):
    out = show(io.StringIO(), columns=40)
    run_epoch(clock)
    # 100 steps of 20 ms and 0.5 s of validation are 2.5 s, which Python rounds to the even 2
    assert out.getvalue() == (
        f"100/100 {FULL} 2s 20ms/step - accuracy: 0.8123 - loss: 0.4000 - val_accuracy: 0.7900 - val_loss: 4.1200e-04\n"
    )


def test_a_terminal_is_redrawn_in_place(show, clock):
    out = show(Terminal(), columns=130)
    run_epoch(clock)
    assert out.rows(130) == [
        f"100/100 {FULL} 2s 20ms/step - accuracy: 0.8123 - loss: 0.4000 - val_accuracy: 0.7900 - val_loss: 4.1200e-04",
        "",
    ]
    assert "\x1b[1m100/100\x1b[0m \x1b[32m" in out.getvalue()


def test_a_bar_under_way_tells_what_remains(show, clock):
    out = show(Terminal())
    bar = Progbar(200)
    clock.now += 1
    bar.update(50, [("loss", 0.7)])
    clock.now += 1
    bar.update(100, [("loss", 0.5)])
    # 50 steps took a second after the first update: 20 ms each, so 100 more take 2 s
    assert out.rows(80) == [f"100/200 {FULL} 2s 20ms/step - loss: 0.6000"]
    assert "\x1b[32m" + "━" * 10 + "\x1b[0m\x1b[37m" + "━" * 10 + "\x1b[0m" in out.getvalue()


def test_redraws_go_by_time_not_by_step(show, clock):
    out = show(Terminal())
    run_epoch(clock, steps=100, seconds=0.001, interval=0.05)
    # one at the first step, one every 50 ms of the 100, and the final line, which wipes first
    assert 3 <= out.getvalue().count("\r") <= 6


@pytest.mark.parametrize("columns", [20, 40, 80, 100])
def test_a_line_never_breaks_while_it_moves(show, clock, columns):
    out = show(Terminal(), columns)
    bar = Progbar(313)
    for step in range(1, 313, 15):
        clock.now += 0.06
        bar.update(step, [("accuracy", 0.5), ("loss", 0.7), ("precision", 0.1), ("recall", 0.2)])
        assert len(out.rows(columns)) == 1
        assert len(out.rows(columns)[0]) < columns


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (112, ["100/100 ━━━━━━━━━━ 2s 20ms/step - accuracy: 0.8123 - loss: 0.4000 - val_accuracy: 0.7900 - val_loss: 4.1200e-04"]),
        (80, ["100/100 ━━━━━━━━━━━━━━━━━━━━ 2s 20ms/step - accuracy: 0.8123 - loss: 0.4000", "        val_accuracy: 0.7900 - val_loss: 4.1200e-04"]),
        (40, ["100/100 2s 20ms/step - accuracy: 0.8123", "  loss: 0.4000 - val_accuracy: 0.7900", "  val_loss: 4.1200e-04"]),
    ],
)  # fmt: skip
def test_the_final_line_keeps_all_metrics_with_a_shorter_bar_or_on_further_lines(show, clock, columns, expected):
    out = show(Terminal(), columns)
    run_epoch(clock)
    assert out.rows(columns) == [*expected, ""]


def test_a_narrow_window_shows_the_first_metric_before_the_pace(show, clock):
    out = show(Terminal(), columns=40)
    bar = Progbar(313)
    clock.now += 1
    bar.update(100, [("accuracy", 0.5), ("loss", 0.7)])
    assert out.rows(40) == ["100/313 ━━━━━━━━━ 2s - accuracy: 0.5000"]


def test_a_notebook_gets_carriage_returns_and_no_other_cursor_movement(show, clock):
    out = show(Notebook(), columns=40)
    run_epoch(clock)
    text = without_colours(out.getvalue())
    assert "\r" in text
    assert "\x1b" not in text
    assert "\b" not in text


def test_a_notebook_shows_whole_lines_since_it_breaks_them_itself(show, clock):
    out = show(Notebook(), columns=40)
    run_epoch(clock)
    print_line("Epoch 2/2")
    assert out.rows() == [
        f"100/100 {FULL} 2s 20ms/step - accuracy: 0.8123 - loss: 0.4000 - val_accuracy: 0.7900 - val_loss: 4.1200e-04",
        "Epoch 2/2",
        "",
    ]


@pytest.mark.parametrize("kind", [Notebook, Terminal])
def test_nothing_of_a_longer_line_is_left_over(show, clock, kind):
    out = show(kind())
    bar = Progbar(10, stateless_metrics=())
    for step, loss in ((1, -1234.5), (9, 1.0), (10, 2.0)):
        clock.now += 1000.0 / step
        bar.update(step, [("loss", loss)], finalize=False)
    assert out.rows(80)[0].endswith("/step - loss: 2.0000")
    print_line("stop")
    assert out.rows(80) == ["stop", ""]


def test_an_ascii_file_gets_an_ascii_bar(show, clock):
    out = show(AsciiFile())
    Progbar(5).update(5, [("précision", 0.5)])
    assert out.getvalue() == "5/5 ==================== 0s 0s/step - pr?cision: 0.5000\n"


def test_a_dumb_terminal_is_a_file(show, clock, monkeypatch):
    out = show(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    run_epoch(clock)
    assert "\r" not in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_no_color_redraws_without_colours(show, clock, monkeypatch):
    out = show(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    bar = Progbar(10)
    clock.now += 1
    bar.update(5)
    assert out.getvalue() == "\r 5/10 ━━━━━━━━━━           1s 200ms/step"


def test_without_interactive_logging_lines_go_to_the_logger(show, clock, caplog):
    out = show(Terminal())
    config.disable_interactive_logging()
    try:
        with caplog.at_level(logging.INFO, logger="jaxnn"):
            run_epoch(clock)
    finally:
        config.enable_interactive_logging()
    assert out.getvalue() == ""
    assert caplog.messages == [
        "100/100 2s 20ms/step - accuracy: 0.8123 - loss: 0.4000 - val_accuracy: 0.7900 - val_loss: 4.1200e-04"
    ]


def test_a_message_takes_the_unfinished_line_away(show, clock):
    out = show(Terminal())
    bar = Progbar(10)
    clock.now += 1
    bar.update(5, [("loss", 0.5)])
    print_line("Epoch 1: stop")
    clock.now += 1
    bar.update(10, [("loss", 0.25)])
    assert out.rows(80) == ["Epoch 1: stop", f"10/10 {FULL} 2s 200ms/step - loss: 0.2500", ""]


def test_an_unfinished_line_of_another_stream_is_left_alone(show, clock):
    show(Terminal())
    clock.now += 1
    Progbar(10).update(5)
    out = show(io.StringIO())
    print_line("hello")
    assert out.getvalue() == "hello\n"


def test_verbose_2_is_a_record_without_a_bar(show, clock):
    out = show(Terminal(), columns=20)
    run_epoch(clock, verbose=2)
    assert out.getvalue() == (
        "100/100 - 2s - 20ms/step - accuracy: 0.8123 - loss: 0.4000 - val_accuracy: 0.7900 - val_loss: 4.1200e-04\n"
    )


def test_verbose_0_is_silent(show, clock):
    out = show(Terminal())
    run_epoch(clock, verbose=0)
    assert out.getvalue() == ""


def test_an_unknown_target_counts_up(show, clock):
    out = show(Terminal())
    bar = Progbar(None)
    clock.now += 3
    bar.update(12, [("loss", 0.5)])
    assert out.rows(80) == ["     12/Unknown 3s 250ms/step - loss: 0.5000"]


def test_nothing_done_yet_shows_an_empty_bar_and_no_time(show, clock):
    out = show(Terminal())
    Progbar(10).update(0)
    assert out.rows(80) == [f" 0/10 {FULL}"]


def test_values_are_averaged_over_the_steps_unless_stateful(show, clock):
    out = show(Terminal())
    bar = Progbar(10, stateful_metrics=["lr"])
    bar.update(1, [("loss", 1.0), ("lr", 0.1)])
    clock.now += 1
    bar.update(4, [("loss", 2.0), ("lr", 0.2)])
    # one step of 1 and three of 2: 7 / 4
    assert "loss: 1.7500 - lr: 0.2000" in out.rows(80)[0]


def test_numbers_of_all_kinds_are_shown(show, clock):
    out = show(io.StringIO())
    Progbar(1, stateless_metrics=()).update(
        1, [("array", np.array([1.0, 3.0])), ("nan", float("nan")), ("small", -0.0005), ("text", "on"), ("zero", 0)]
    )
    assert out.getvalue().split(" - ")[1:] == [
        "array: 2.0000",
        "nan: nan",
        "small: -5.0000e-04",
        "text: on",
        "zero: 0.0000e+00\n",
    ]


@pytest.mark.parametrize(
    ("seconds", "pace", "remaining"),
    [(0.00002, "20us", "0s"), (0.02, "20ms", "1s"), (3, "3s", "4:57"), (100, "100s", "2:45:00")],
)
def test_times_are_written_as_keras_writes_them(show, clock, seconds, pace, remaining):
    out = show(Terminal())
    bar = Progbar(100)
    clock.now += 1 + seconds
    bar.update(1)
    assert out.rows(80)[0].split()[0] == "1/100"
    out = show(Terminal())
    bar = Progbar(100)
    bar._last_draw = -1
    clock.now += seconds
    bar.update(1)
    assert out.rows(80)[0].split()[2:] == [remaining, f"{pace}/step"]


def test_validation_does_not_slow_the_steps_that_are_shown(show, clock):
    out = show(io.StringIO())
    bar = Progbar(10)
    clock.now += 1
    bar.update(10, finalize=False)
    clock.now += 99
    bar.update(10, finalize=True)
    assert out.getvalue() == f"10/10 {FULL} 100s 100ms/step\n"


def test_add_moves_by_steps(show, clock):
    out = show(io.StringIO())
    bar = Progbar(3)
    bar.add(1, [("loss", 1.0)])
    bar.add(2, [("loss", 0.5)])
    assert out.getvalue().endswith("loss: 0.5000\n")


def test_both_lists_of_metrics_are_refused():
    with pytest.raises(
        ValueError, match=r"Only one of `stateful_metrics` and `stateless_metrics` can be given; got both"
    ):
        Progbar(3, stateful_metrics=["a"], stateless_metrics=["b"])


def test_a_program_without_standard_output_runs(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    Progbar(1).update(1)


def test_an_interval_of_zero_shows_every_update_in_a_file_too(capsys):
    bar = Progbar(3, interval=0)
    bar.update(1, [("loss", 1.0)])
    bar.update(2, [("loss", 3.0)])
    assert [line.split(" - ")[-1] for line in capsys.readouterr().out.splitlines()] == ["loss: 1.0000", "loss: 2.0000"]
