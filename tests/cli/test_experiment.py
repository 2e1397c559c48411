"""Configs: defaults, overrides, and every mistake told by its key, its place and the nearest right word."""

import re

import pytest

from jaxnn.cli import experiment
from jaxnn.cli.errors import UsageError

from .conftest import CONFIGS, TINY


def refused(path, *overrides):
    with pytest.raises(UsageError) as caught:
        experiment.load(str(path), overrides)
    return str(caught.value)


def test_defaults_are_filled_in(tiny):
    config = experiment.load(str(tiny)).config
    assert config["data"]["train_years"] == [2012, 2013, 2014]
    assert config["data"]["test_years"] == [2015]
    assert config["fit"] == {"epochs": 2, "batch_size": 256, "shuffle": True, "verbose": 0, "callbacks": []}


def test_loading_twice_shares_nothing(tiny):
    experiment.load(str(tiny)).config["fit"]["callbacks"].append("mine")
    assert experiment.load(str(tiny)).config["fit"]["callbacks"] == []


def test_overrides_are_typed_and_reach_into_lists(tiny):
    overrides = ["fit.epochs=50", "model.layers.0.units = 32", "data.test_years=[2014]", "compile.loss='mse'"]
    config = experiment.load(str(tiny), overrides).config
    assert config["fit"]["epochs"] == 50
    assert config["model"]["layers"][0]["units"] == 32
    assert config["data"]["test_years"] == [2014]
    assert config["compile"]["loss"] == "mse"


def test_a_named_optimizer_can_be_given_arguments(tiny):
    config = experiment.load(str(tiny), ["compile.optimizer.learning_rate=0.1"]).config
    assert config["compile"]["optimizer"] == {"type": "SGD", "learning_rate": 0.1}


def test_the_last_override_wins(tiny):
    assert experiment.load(str(tiny), ["fit.epochs=3", "fit.epochs=4"]).config["fit"]["epochs"] == 4


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("epochs = 2", "epochz = 2", r"tiny.toml, line 19: unknown key fit.epochz. Did you mean 'epochs'\?"),
        ("[fit]", "[fitt]", r"line 18: unknown key fitt. Did you mean 'fit'\?"),
        ("seed = 1", "speed = 1\nzzz = 2", "line 1: unknown key speed. Did you mean 'seed'"),
        ("seed = 1", "", "tiny.toml: seed is missing. It must be a whole number from 0 to "),
        ("epochs = 2", "", "line 18: fit.epochs is missing."),
        ("epochs = 2", "epochs = 2.5", "line 19: fit.epochs must be a whole number from 1 on; got 2.5."),
        ("epochs = 2", "epochs = true", "fit.epochs must be a whole number from 1 on; got True."),
        ('"binary"', '"binry"', r"line 4: data.task must be .*; got 'binry'. Did you mean 'binary'\?"),
        ('type = "Dense", units = 4', "units = 4", "line 8: model.layers must be a list of tables such as"),
        ("verbose = 0", "verbose = 0\nzzz = 1", "unknown key fit.zzz. The keys here are epochs, batch_size"),
        ("seed = 1", "seed = 1\nfit = 3\n", "not valid TOML"),
        ("seed = 1", "seed = ", "tiny.toml: not valid TOML: .*line 1"),
    ],
)
def test_mistakes_in_the_file(tiny, wrong, right, message):
    assert wrong in TINY
    tiny.write_text(TINY.replace(wrong, right), encoding="utf-8")
    assert re.search(message, refused(tiny))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("fit.epochz=3", "--set fit.epochz=3: unknown key fit.epochz. Did you mean 'epochs'?"),
        ("fit.epochs=abc", "'abc' is not a TOML value. Text needs quotes: --set fit.epochs=\"'abc'\"."),
        ("fit.epochs=", "'' is not a TOML value."),
        ("fit.epochs", "expected KEY=VALUE, such as --set fit.epochs=50."),
        ("fit..epochs=3", "expected KEY=VALUE"),
        ("fit.epochs='3'", "fit.epochs must be a whole number from 1 on; got '3'."),
        ("fit.epochs.more=3", "fit.epochs is no table and has no key 'more'; it is 2."),
        ("model.layers.7.units=3", "model.layers has the entries 0 to 1; got 7."),
        ("seed=4294967296", "seed must be a whole number from 0 to 2**32 - 1; got 4294967296."),
        ("fit=3", "fit must be a table, [fit]; got 3."),
    ],
)
def test_mistakes_in_an_override(tiny, override, message):
    said = refused(tiny, override)
    assert said.startswith(f"--set {override}")
    assert message in said


def test_files_that_cannot_be_read(tiny, tmp_path):
    assert "tiny.tom: no such file. Did you mean " in refused(tmp_path / "tiny.tom")
    assert refused(tmp_path / "no" / "where.toml").endswith("no such file.")
    assert "can't be read" in refused(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    assert "not a text file in UTF-8" in refused(tmp_path / "latin.toml")


def test_a_byte_order_mark_is_no_mistake(tiny):
    tiny.write_text("\ufeff" + TINY, encoding="utf-8")
    assert experiment.load(str(tiny)).config["seed"] == 1


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.toml")), ids=lambda p: p.stem)
def test_the_projects_configs_are_valid_and_say_what_to_expect(file):
    experiment.load(str(file))
    head = file.read_text(encoding="utf-8").partition("seed =")[0]
    assert f"jaxnn train configs/{file.name}" in head
    assert "minute" in head
    assert "Expect" in head
