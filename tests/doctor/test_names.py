"""Names in `compile`."""

import pytest

from jaxnn import doctor, losses, metrics
from jaxnn.core.registry import custom_object_scope


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("msee", "mse"),
        ("binary_cross_entropy", "binary_crossentropy"),
        ({"a": "mse", "b": ["categoricalcrossentropy"]}, "CategoricalCrossentropy"),
    ],
)
def test_an_unknown_loss_is_told_with_the_nearest_one(given, nearest):
    with pytest.raises(ValueError, match=f"Could not interpret loss identifier: .*Did you mean '{nearest}'?"):
        doctor.check_names(given, None, None)


@pytest.mark.parametrize("given", [["acuracy"], {"a": ["mse", "acuracy"]}, [["acuracy"], []]])
def test_an_unknown_metric_is_told_with_the_nearest_one(given):
    message = "^compile: Could not interpret metric identifier: acuracy. Did you mean 'accuracy'?"
    with pytest.raises(ValueError, match=message):
        doctor.check_names(None, given, None)
    with pytest.raises(ValueError, match=message):
        doctor.check_names(None, None, given)


def test_a_name_like_no_other_is_told_with_what_to_do():
    with pytest.raises(ValueError, match=r"xyzzy\. Use one of those that jaxnn\.losses lists, or pass a function\."):
        doctor.check_names("xyzzy", None, None)


def test_known_names_and_objects_pass():
    doctor.check_names(
        {"a": "mse", "b": ["MeanSquaredError", losses.Huber(), lambda t, p: p, None], "c": "crossentropy"},
        ["accuracy", "acc", "ce", "mae", "mean_absolute_error", "AUC", metrics.Mean, ["MeanIoU"]],
        [{"class_name": "NoName", "config": {"name": "mine"}}],
    )
    doctor.check_names(None, None, None)


def test_names_of_the_users_own_pass():
    with custom_object_scope({"mine": lambda t, p: p}):
        doctor.check_names("mine", ["mine"], None)
