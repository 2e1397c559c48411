"""InputSpec: what a layer expects, and the sentence that says which input doesn't fit."""

import numpy as np
import pytest

from jaxnn.core.input_spec import InputSpec, assert_input_compatibility

X = np.ones((2, 3), "float32")


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"ndim": 3}, "expected ndim=3, found ndim=2. Full shape received: (2, 3)"),
        ({"max_ndim": 1}, "expected max_ndim=1, found ndim=2"),
        ({"min_ndim": 3}, "expected min_ndim=3, found ndim=2"),
        ({"dtype": "int32"}, "expected dtype=int32, found dtype=float32"),
        ({"axes": {-1: 4}}, "expected axis -1 of input shape to have value 4, but received input with shape (2, 3)"),
        ({"shape": (None, 4)}, "expected shape=(None, 4), found shape=(2, 3)"),
    ],
)
def test_a_misfit_is_told_in_a_sentence(spec, problem):
    with pytest.raises(ValueError, match="Input 0 with name 'x' of layer 'd' is incompatible with the layer") as error:
        assert_input_compatibility(InputSpec(**spec, name="x"), X, "d")
    assert problem in str(error.value)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"ndim": 2},
        {"min_ndim": 1, "max_ndim": 2},
        {"axes": {0: None, -1: 3}},
        {"shape": (None, 3)},
        {"dtype": "float32"},
    ],
)
def test_what_is_free_fits(spec):
    assert_input_compatibility(InputSpec(**spec), X, "d")


def test_a_last_axis_of_one_may_be_missing_or_too_much():
    spec = InputSpec(shape=(None, 3), allow_last_axis_squeeze=True)
    assert_input_compatibility(spec, X[..., None], "d")
    assert_input_compatibility(InputSpec(shape=(None, 3, 1), allow_last_axis_squeeze=True), X, "d")


def test_inputs_are_matched_by_number_and_by_name():
    specs = [InputSpec(shape=(None, 3), name="a"), InputSpec(shape=(None, 2), name="b")]
    assert_input_compatibility(specs, {"b": X[:, :2], "a": X, "c": X}, "d")
    with pytest.raises(ValueError, match=r"expects 2 named input\(s\) with keys .* but it received 1 input tensors"):
        assert_input_compatibility(specs, X, "d")
    with pytest.raises(ValueError, match='Missing data for input "b"'):
        assert_input_compatibility(specs, {"a": X}, "d")
    with pytest.raises(ValueError, match="Input 1 with name 'b'"):
        assert_input_compatibility(specs, [X, X], "d")


def test_only_an_optional_input_may_be_none():
    assert_input_compatibility([InputSpec(ndim=2), InputSpec(ndim=2, optional=True)], [X, None], "d")
    with pytest.raises(ValueError, match=r"Inputs to a layer should be tensors. Got 'None'"):
        assert_input_compatibility(InputSpec(ndim=2), None, "d")


def test_bad_axes_are_refused():
    with pytest.raises(TypeError, match="must be a dict with integer keys"):
        InputSpec(axes={"a": 1})
    with pytest.raises(ValueError, match="Axis 2 is greater than the maximum allowed value: 1"):
        InputSpec(ndim=2, axes={2: 3})


def test_the_config_makes_an_equal_spec():
    spec = InputSpec(shape=(None, 3), dtype="float32", axes={1: 3}, optional=True)
    assert InputSpec.from_config(spec.get_config()).get_config() == spec.get_config()
    assert repr(InputSpec(ndim=2)) == "InputSpec(ndim=2)"
