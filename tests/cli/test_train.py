"""`jaxnn train`: what it leaves, what it says, and how it refuses."""

import csv
import json
import subprocess
import sys
import tomllib

import pytest

from jaxnn.cli import train
from jaxnn.version import __version__

from .conftest import CONFIGS, TINY

LEFT = ["config.toml", "history.csv", "learning_curve.png", "model.weights.h5", "scores.json"]


def test_a_run_leaves_its_files_and_compares_with_what_is_free(jaxnn, tiny, tmp_path):
    pytest.importorskip("matplotlib")
    code, out, _ = jaxnn("train", tiny, "--set", "fit.epochs=3", "--out", tmp_path / "run")
    assert code == 0
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == LEFT
    for words in (f"jaxnn {__version__} trains tiny on", "trains on 2012, 2013, 2014 (1,094 days)", "days right"):
        assert words in out
    for row in ("network", "majority class", "persistence", "climatology", "standard error", "Skill"):
        assert row in out

    config = tomllib.loads((tmp_path / "run" / "config.toml").read_text(encoding="utf-8"))
    assert config["fit"]["epochs"] == 3
    with (tmp_path / "run" / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert set(rows[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy"}
    assert (tmp_path / "run" / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    scores = json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8"))["scores"]
    assert scores["network"]["accuracy"] == pytest.approx(float(rows[-1]["val_accuracy"]), abs=1e-6)  # 2015 both times
    assert scores["network"]["log_loss"] == pytest.approx(float(rows[-1]["val_loss"]), rel=1e-5)  # float32 means
    assert round(scores["persistence"]["accuracy"], 3) == 0.704


def test_a_runs_own_config_gives_the_same_run_again(jaxnn, tiny, tmp_path):
    assert jaxnn("train", tiny, "--out", tmp_path / "a")[0] == 0
    assert jaxnn("train", tmp_path / "a" / "config.toml", "--out", tmp_path / "b")[0] == 0
    first, second = ((tmp_path / name / "history.csv").read_bytes() for name in "ab")
    assert first == second


def test_runs_are_named_after_the_config_and_the_time(jaxnn, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train.time, "strftime", lambda _: "20260102-030405")
    assert jaxnn("train", tiny, "--set", "fit.epochs=1")[0] == 0
    assert jaxnn("train", tiny, "--set", "fit.epochs=1")[0] == 0
    names = sorted(p.name for p in (tmp_path / "runs").iterdir())
    assert names == ["tiny-20260102-030405", "tiny-20260102-030405-2"]


@pytest.mark.filterwarnings(
    r"ignore:fit. 'accuracy' counts .*\[J309\]$:UserWarning"
)  # the regression snippet's own slip
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_the_documents_other_snippets_run(jaxnn, tmp_path, task):
    file = CONFIGS / f"rain_{task}.toml"
    code, out, _ = jaxnn("train", file, "--set", "fit.epochs=1", "--set", "fit.verbose=0", "--out", tmp_path / "run")
    assert code == 0
    assert "was watched during training and then scored" in out
    assert ("exactly 0 or 1" in out) == (task == "regression")


def test_without_validation_years_only_training_is_watched(jaxnn, tiny, tmp_path):
    code, out, _ = jaxnn("train", tiny, "--set", "data.validation_years=[]", "--out", tmp_path / "run")
    assert code == 0
    assert "validates" not in out
    assert "val_" not in (tmp_path / "run" / "history.csv").read_text(encoding="utf-8")


def test_without_matplotlib_the_run_says_how_to_get_the_picture(jaxnn, tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, out, _ = jaxnn("train", tiny, "--out", tmp_path / "run")
    assert code == 0
    assert 'matplotlib is missing: pip install "jaxnn[notebooks]"' in out
    assert not (tmp_path / "run" / "learning_curve.png").exists()


def test_callbacks_of_the_config_take_part(jaxnn, tiny, tmp_path):
    stop = "fit.callbacks=[{ type = 'EarlyStopping', monitor = 'loss', min_delta = 100.0 }]"
    assert jaxnn("train", tiny, "--set", "fit.epochs=9", "--set", stop, "--out", tmp_path / "run")[0] == 0
    assert len((tmp_path / "run" / "history.csv").read_text(encoding="utf-8").splitlines()) == 3  # head and 2 epochs


def test_ctrl_c_keeps_what_there_is(jaxnn, tiny, tmp_path, monkeypatch):
    usual = train.HistoryFile.on_epoch_end

    def stop_after_two(self, epoch, logs=None):
        usual(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(train.HistoryFile, "on_epoch_end", stop_after_two)
    code, _, err = jaxnn("train", tiny, "--set", "fit.epochs=50", "--out", tmp_path / "run")
    assert code == 130
    assert "Stopped by Ctrl-C after 2 of 50 epochs. Kept in" in err
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["config.toml", "history.csv", "model.weights.h5"]
    assert len((tmp_path / "run" / "history.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_a_training_that_diverges_has_no_score(jaxnn, tiny, tmp_path):
    overrides = ["compile.optimizer.learning_rate=1e30", "compile.loss='mse'", "model.layers.1.activation='linear'"]
    words = [word for override in overrides for word in ("--set", override)]
    code, _, err = jaxnn("train", tiny, *words, "--out", tmp_path / "run")
    assert code == 1
    assert "Training diverged: the loss is not a number" in err
    assert "Lower the learning rate" in err
    assert not (tmp_path / "run" / "scores.json").exists()


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        (
            "units = 4",
            "unitz = 4",
            "line 9: unknown key model.layers.0.unitz: Dense takes no 'unitz'. Did you mean 'units'?",
        ),
        ("units = 4, ", "", "line 9: model.layers.0: Dense needs units."),
        ("units = 4", "units = -4", "line 9: model.layers.0: "),
        ("units = 4", "units = 4, use_bias = 1", "model.layers.0.use_bias: Dense takes true or false; got 1."),
        (
            '"Dense", units = 4',
            '"Dens", units = 4',
            "model.layers.0.type: there is no layer 'Dens'. Did you mean 'Dense'?",
        ),
        ('"relu"', '"rellu"', "line 9: model.layers.0: "),
        (
            "input_shape = [8]",
            "input_shape = [9]",
            "line 9: the data have 8 features a day; the first layer expects (9,).",
        ),
        ('"Dense", units = 4, activation = "relu"', '"Layer"', "line 8: these layers can't be stacked: "),
        ("units = 1,", "units = 3,", "line 10: the last layer must give 1 number a day for the task 'binary'"),
        ('"SGD"', '"SGDD"', "line 15: compile.optimizer: "),
        ('"SGD"', '{ type = "SGD", learning_rate = "high" }', "compile.optimizer.learning_rate: SGD takes a number"),
        ('"SGD"', '{ type = "SGD", learning_rat = 1 }', "SGD takes no 'learning_rat'. Did you mean 'learning_rate'?"),
        ('"binary_crossentropy"', '"binary_crosentropy"', "line 14: compile.loss: "),
        ('["accuracy"]', '["acuracy"]', "line 16: compile.metrics.0: "),
        ("units = 4", "units = { type = 'L2' }", "model.layers.0.units: Dense's 'units' takes no table"),
        (
            "units = 4",
            "units = 4, kernel_regularizer = { l2 = 1.0 }",
            "kernel_regularizer: a table needs the key `type`",
        ),
        ("units = 4", "units = 4, kernel_regularizer = { type = 'L3' }", "there is no regularizer 'L3'."),
        ("= [2015]", "= [2014]", "line 5: rain.load_data: a day is either trained on or tested on"),
        ("= [2015]", "= [1999]", "the table covers 2012 to 2015; got the year 1999."),
    ],
)
def test_what_cannot_be_built_is_refused_before_anything_is_written(jaxnn, tiny, tmp_path, wrong, right, message):
    assert wrong in TINY
    tiny.write_text(TINY.replace(wrong, right, 1), encoding="utf-8")
    code, out, err = jaxnn("train", tiny, "--out", tmp_path / "run")
    assert code == 2
    assert message in err
    assert err.startswith(str(tiny))
    assert err.count("\n") == 1
    assert out == ""
    assert not (tmp_path / "run").exists()


def test_a_loss_that_does_not_fit_the_targets_is_refused(jaxnn, tiny, tmp_path):
    words = ["--set", "data.task='multiclass'", "--set", "model.layers.1.units=3"]
    loss = ["--set", "compile.loss='sparse_categorical_crossentropy'"]
    code, _, err = jaxnn("train", tiny, *words, *loss, "--out", tmp_path / "run")
    assert code == 2
    assert "line 13 with --set compile.loss='sparse_categorical_crossentropy': " in err
    assert "layers, loss, metrics and targets don't fit together: " in err
    assert not (tmp_path / "run").exists()


def test_a_layers_arguments_can_be_tables(jaxnn, tiny, tmp_path):
    table = "model.layers.0.kernel_regularizer={ type = 'L2', l2 = 0.5 }"
    assert jaxnn("train", tiny, "--set", table, "--out", tmp_path / "run")[0] == 0
    schedule = "{ type = 'ExponentialDecay', initial_learning_rate = 0.1, decay_steps = 9, decay_rate = 0.9 }"
    rate = f"compile.optimizer.learning_rate={schedule}"
    assert jaxnn("train", tiny, "--set", rate, "--out", tmp_path / "run2")[0] == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "jaxnn: the following arguments are required: COMMAND. See `jaxnn --help`."),
        (["trian"], "invalid choice: 'trian'"),
        (["train"], "jaxnn train: the following arguments are required: CONFIG.toml. See `jaxnn train --help`."),
        (["train", "a.toml", "--sett", "x"], "unrecognized arguments: --sett x"),
        (["train", "nowhere.toml"], "nowhere.toml: no such file."),
    ],
)
def test_bad_usage_exits_2_with_one_sentence(jaxnn, argv, message):
    code, out, err = jaxnn(*argv)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert out == ""


def test_a_folder_that_holds_something_is_not_written_into(jaxnn, tiny, tmp_path):
    code, _, err = jaxnn("train", tiny, "--out", tmp_path)
    assert code == 2
    assert "already holds something; name a new or empty folder." in err


def test_help_and_version(jaxnn):
    assert jaxnn("--version") == (0, f"jaxnn {__version__}\n", "")
    code, out, _ = jaxnn("train", "--help")
    assert code == 0
    for words in ("--set", "--out", "history.csv", "persistence"):
        assert words in out


def test_python_dash_m_is_the_command():
    command = [sys.executable, "-m", "jaxnn", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CONFIGS.parent)
    assert done.stdout == f"jaxnn {__version__}\n"


@pytest.mark.filterwarnings(r"ignore:fit. 'accuracy' counts .*\[J309\]$:UserWarning")  # rain_regression's alone
@pytest.mark.parametrize("name", ["rain_binary", "rain_multiclass", "rain_regression", "rain_best"])
def test_the_score_to_expect_in_a_configs_head_is_the_one_it_gets(jaxnn, tmp_path, name):
    file = CONFIGS / f"{name}.toml"
    assert jaxnn("train", file, "--set", "fit.verbose=0", "--out", tmp_path / "run")[0] == 0
    scores = json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8"))["scores"]
    head = file.read_text(encoding="utf-8").partition("seed =")[0]
    network = scores["network"]
    if name == "rain_regression":
        expected = [f"absolute error of {network['mae']:.2f} mm", f"squared error of {network['rmse']:.2f} mm"]
        expected += [f"({scores['mean']['mae']:.2f} and {scores['mean']['rmse']:.2f} mm)"]
    else:
        expected = [
            f"Expect {100 * network['accuracy']:.1f} % of 2015's days",
            f"log-loss of {network['log_loss']:.3f}",
        ]
        expected += [f"{100 * scores['persistence']['accuracy']:.1f} %"]
    for words in expected:
        assert words in head
