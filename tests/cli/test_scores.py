"""Scores: worked out by hand, and what the report says of them."""

import numpy as np
import pytest

from jaxnn.cli import report, scores
from jaxnn.datasets import rain


def config(task, **compile_):
    return {
        "data": {"task": task, "train_years": [2012, 2013, 2014], "validation_years": [], "test_years": [2015]},
        "model": {"layers": [{"type": "Dense", "activation": "sigmoid"}]},
        "compile": {"metrics": [], **compile_},
        "fit": {"epochs": 20},
    }


def observed(task):
    return rain.load_data(task)[1][1]


def said(task, forecast, **compile_):
    spec, y = config(task, **compile_), observed(task)
    table = scores.table(spec, forecast, y)
    return " ".join(f"{t.text} {' '.join(t.options)}" for t in report.truths(spec, table, forecast, y))


def test_scores_of_a_constant_forecast_by_hand():
    y = observed("binary")  # 144 of 365 days have rain
    row = scores.table(config("binary"), np.full_like(y, 0.25), y)["network"]
    assert row["accuracy"] == pytest.approx(221 / 365)
    assert row["log_loss"] == pytest.approx(-(144 * np.log(0.25) + 221 * np.log(0.75)) / 365)
    assert row["brier"] == pytest.approx((144 * 0.75**2 + 221 * 0.25**2) / 365)


def test_scores_of_three_classes_by_hand():
    y = observed("multiclass")
    row = scores.table(config("multiclass"), np.tile([0.2, 0.5, 0.3], (365, 1)), y)["network"]
    dry, light, heavy = y.sum(axis=0)
    assert row["accuracy"] == pytest.approx(light / 365)
    assert row["log_loss"] == pytest.approx(-(dry * np.log(0.2) + light * np.log(0.5) + heavy * np.log(0.3)) / 365)
    assert row["brier"] == pytest.approx((dry * 0.98 + light * 0.38 + heavy * 0.78) / 365)


def test_scores_of_amounts_are_in_mm():
    y = observed("regression")
    row = scores.table(config("regression"), y + np.float32(0.1), y)["network"]
    assert row["mae"] == pytest.approx(6.0, rel=1e-5)  # 0.1 of 60 mm
    assert row["rmse"] == pytest.approx(6.0, rel=1e-5)


def test_certain_and_wrong_costs_16_nats_as_in_keras():
    y = observed("binary")
    assert scores.table(config("binary"), 1 - y, y)["network"]["log_loss"] == pytest.approx(-np.log(1e-7))


def test_the_network_is_compared_day_by_day():
    y = observed("binary")
    table = scores.table(config("binary"), rain.persistence("binary"), y)
    assert (table["persistence"]["ahead"], table["persistence"]["ahead_se"]) == (0.0, 0.0)
    better = (rain.persistence("binary") == y)[:, 0].astype(float) - (y == 0)[:, 0]
    assert table["majority"]["ahead"] == pytest.approx(better.mean())
    assert table["majority"]["ahead_se"] == pytest.approx(better.std(ddof=1) / np.sqrt(365))


def test_skill_of_climatology_against_itself_is_0_and_of_the_truth_1():
    y = observed("binary")
    assert scores.table(config("binary"), rain.climatology("binary"), y)["network"]["skill"]["brier"] == 0.0
    assert scores.table(config("binary"), y, y)["network"]["skill"]["brier"] == 1.0


def test_the_interval_of_skill_covers_it_and_is_wider_for_spells():
    rng = np.random.default_rng(0)
    spells = np.repeat(rng.exponential(size=52), 7)
    reference = np.ones_like(spells)
    value, (low, high) = scores.skill(spells, reference)
    _, (low_shuffled, high_shuffled) = scores.skill(rng.permutation(spells), reference)
    assert low < value < high
    assert high - low > 1.5 * (high_shuffled - low_shuffled)  # sqrt(7) = 2.6 if weeks fell on the spells


def test_one_class_every_day_is_told():
    text = said("binary", np.full((365, 1), 0.4, "float32"))
    assert 'says "dry" for every day' in text
    assert "60.5 % are the majority's share" in text
    assert "--set fit.epochs=200" in text
    assert "that class's share" in said("multiclass", np.tile([0.2, 0.3, 0.5], (365, 1)))


def test_what_is_free_and_better_is_told():
    assert "persistence is free and clearly better" in said("binary", np.full((365, 1), 0.4, "float32"))
    assert "can't tell the network from persistence" in said("binary", rain.climatology("binary"))
    assert "the network is clearly better than persistence" in said("binary", observed("binary"))


def test_accuracy_on_amounts_is_explained():
    text = said("regression", np.full((365, 1), 0.07, "float32"), metrics=["accuracy"])
    assert "share of targets that are exactly 0 or 1, here the 60.5 % of dry days" in text
    assert "--set \"compile.metrics=['mae']\"" in text
    assert "--set \"model.layers.0.activation='linear'\"" in text
    assert "4.2 to 4.2 mm whatever the weather" in text
    assert "'0 mm every day' is free and better" in text


def test_watching_the_test_year_is_told():
    spec, y = config("binary"), observed("binary")
    spec["data"]["validation_years"] = [2015]
    forecast = rain.climatology("binary")
    told = report.truths(spec, scores.table(spec, forecast, y), forecast, y)
    assert told[-1].text.startswith("2015 was watched during training and then scored")


def test_the_table_lines_up():
    assert report.text_table([["a", "bb"], ["ccc", "d"]]) == "a    bb\n-------\nccc   d"
