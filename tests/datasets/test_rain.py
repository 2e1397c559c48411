"""The rain data: eight features known the evening before, targets, the split, and the forecasts that cost nothing."""

import hashlib

import numpy as np
import pytest

from jaxnn.datasets import rain

TABLE = rain.read()


def altered(day, **columns):
    """The table with other weather on one row."""
    arrays = {name: np.array(column) for name, column in TABLE._asdict().items()}
    for name, value in columns.items():
        arrays[name][day] = value
    return rain.Table(**arrays)


def test_the_file_is_the_one_its_readme_names():
    digest = hashlib.sha256(rain.FILE.read_bytes()).hexdigest()
    assert digest == "62f0609f787158128aa2bd102967173a4953122dd4f872bf1d502cae1037df0b"
    assert digest in (rain.FILE.parent / "README.md").read_text(encoding="utf-8")


def test_the_table_covers_four_years_day_by_day():
    assert len(TABLE.date) == 1461
    assert (str(TABLE.date[0]), str(TABLE.date[-1])) == ("2012-01-01", "2015-12-31")
    assert TABLE.precipitation.max() == 55.9


def test_shares_of_the_classes_are_those_of_the_readme():
    mm = TABLE.precipitation
    assert round(100 * (mm > 0).mean(), 1) == 42.6
    assert round(100 * ((mm > 0) & (mm < 5)).mean(), 1) == 24.6
    assert round(100 * (mm >= 5).mean(), 1) == 18.0


@pytest.mark.parametrize(("task", "width"), [("binary", 1), ("multiclass", 3), ("regression", 1)])
def test_shapes_and_types(task, width):
    (x_train, y_train), (x_test, y_test) = rain.load_data(task)
    assert (x_train.shape, y_train.shape) == ((1094, 8), (1094, width))  # 1,096 days less the first two
    assert (x_test.shape, y_test.shape) == ((365, 8), (365, width))
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"float32"}


def test_features_of_the_third_day_by_hand():
    row = dict(zip(rain.FEATURES, rain.features(TABLE)[0], strict=True))  # 2012-01-03, leap year
    assert row.pop("date_sin") == pytest.approx(np.sin(2 * np.pi * 3 / 366))
    assert row.pop("date_cos") == pytest.approx(np.cos(2 * np.pi * 3 / 366))
    assert row == {
        "precipitation": 10.9,
        "rained": 1.0,
        "temp_max": 10.6,
        "temp_min": 2.8,
        "wind": 4.5,
        "precipitation_before": 0.0,
    }


@pytest.mark.parametrize("day", [2, 100, 800, 1460])
def test_a_day_cannot_see_itself_or_the_days_after(day):
    other = altered(day, precipitation=99.0, temp_max=-9.0, temp_min=-19.0, wind=30.0)
    before, after = rain.features(TABLE), rain.features(other)
    np.testing.assert_array_equal(before[: day - 1], after[: day - 1])  # row i is day i + 2: all rows up to the day
    if day < 1460:
        assert (before[day - 1] != after[day - 1]).sum() >= 4  # the next day sees it


def test_a_day_sees_two_days_back_and_no_further():
    changed = (rain.features(TABLE) != rain.features(altered(500, precipitation=99.0))).any(axis=1)
    assert set(np.flatnonzero(changed) + 2) == {501, 502}


def test_the_test_year_takes_no_part_in_the_standardisation():
    wild = altered(slice(1200, None), precipitation=99.0, temp_max=80.0, wind=70.0)  # from April 2015 on
    (x_train, _), (x_test, _) = rain.load_data("binary")
    (x_wild, _), (x_test_wild, _) = rain.load_data("binary", table=wild)
    np.testing.assert_array_equal(x_train, x_wild)
    assert not np.array_equal(x_test, x_test_wild)


def test_training_features_have_mean_0_and_deviation_1_and_test_features_have_not():
    (x_train, _), (x_test, _) = rain.load_data("binary")
    exact = x_train.astype(float)  # the sums in float64: what is left are the roundings of single values, below 1e-7
    np.testing.assert_allclose(exact.mean(axis=0), 0.0, atol=1e-7)
    np.testing.assert_allclose(exact.std(axis=0), 1.0, atol=1e-7)
    assert abs(x_test.mean(axis=0)).max() > 0.1


def test_a_feature_that_never_changes_becomes_zeros():
    (x_train, _), (x_test, _) = rain.load_data("binary", table=altered(slice(None), wind=3.0))
    wind = rain.FEATURES.index("wind")
    assert not x_train[:, wind].any()
    assert not x_test[:, wind].any()


def test_the_three_tasks_tell_of_the_same_rain():
    (_, rained), (_, rained_test) = rain.load_data("binary")
    (_, one_hot), _ = rain.load_data("multiclass")
    (_, amount), (_, amount_test) = rain.load_data("regression")
    np.testing.assert_array_equal(one_hot.sum(axis=1), 1.0)
    np.testing.assert_array_equal(one_hot[:, 0], 1 - rained[:, 0])
    np.testing.assert_array_equal(amount > 0, rained)
    np.testing.assert_array_equal(one_hot[:, 2] == 1, amount[:, 0] > 4.99 / 60)  # amounts come in tenths of a mm
    assert max(amount.max(), amount_test.max()) == np.float32(55.9 / 60)
    assert (rained.sum(), rained_test.sum()) == (478, 144)


def test_a_model_can_be_chosen_on_2014_alone():
    (x_train, _), (x_valid, _) = rain.load_data("binary", train_years=[2012, 2013], test_years=[2014])
    assert (len(x_train), len(x_valid)) == (729, 365)


def test_climatology_follows_the_season_and_forgets_the_test_year():
    wild = altered(slice(1096, None), precipitation=99.0)  # all of 2015
    usual = rain.climatology("binary")
    np.testing.assert_array_equal(usual, rain.climatology("binary", table=wild))
    assert usual.min() > 0.05
    assert usual.max() < 0.8
    assert 150 < usual.argmin() < 250  # summer is dry
    np.testing.assert_allclose(rain.climatology("multiclass").sum(axis=1), 1.0, rtol=1e-6)


def test_climatology_is_a_weighted_mean_by_hand():
    narrow = rain.climatology("binary", train_years=[2013], test_years=[2014], width=0.01)  # same length: same dates
    (_, y_2013), _ = rain.load_data("binary", train_years=[2013])
    np.testing.assert_array_equal(narrow, y_2013)


def test_persistence_is_the_day_before():
    (_, _), (_, y_test) = rain.load_data("binary")
    forecast = rain.persistence("binary")
    np.testing.assert_array_equal(forecast[1:], y_test[:-1])
    assert forecast[0, 0] == float(TABLE.precipitation[1095] > 0)
    assert (forecast == y_test).sum() == 257  # 70.4 % of 365


def test_majority_is_the_training_years_share():
    forecast = rain.majority("multiclass")
    assert forecast.shape == (365, 3)
    np.testing.assert_allclose(forecast[0, 0], 1 - 478 / 1094, rtol=1e-6)


def test_messages():
    with pytest.raises(ValueError, match=r"`task` must be one of 'binary', .*; got 'binray'\. Did you mean 'binary'\?"):
        rain.load_data("binray")
    with pytest.raises(ValueError, match=r"Did you mean 'multiclass'\?"):
        rain.climatology("multi_class")
    with pytest.raises(ValueError, match="the table covers 2012 to 2015; got the year 2016"):
        rain.load_data("binary", test_years=[2016])
    with pytest.raises(ValueError, match="at least one year is needed"):
        rain.load_data("binary", train_years=[])
    with pytest.raises(ValueError, match="either trained on or tested on"):
        rain.load_data("binary", train_years=[2012, 2013], test_years=[2013])


def test_a_missing_day_is_an_error(tmp_path):
    lines = rain.FILE.read_text(encoding="utf-8").splitlines()
    (tmp_path / "gap.csv").write_text("\n".join(lines[:5] + lines[6:]), encoding="utf-8")
    with pytest.raises(ValueError, match="2012-01-04 is followed by 2012-01-06"):
        rain.read(tmp_path / "gap.csv")
