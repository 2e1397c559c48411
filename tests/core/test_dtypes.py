"""dtype names and policies."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import config
from jaxnn.core import dtypes
from jaxnn.core.dtypes import DTypePolicy, FloatDTypePolicy


@pytest.fixture(autouse=True)
def leave_the_globals_alone(monkeypatch):
    monkeypatch.setattr(dtypes, "_global_policy", None)
    yield
    config.set_floatx("float32")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("float32", "float32"), ("int", "int32"), ("float", "float32"), (None, "float32"), (np.float16, "float16"),
        (jnp.bfloat16, "bfloat16"), (np.dtype("int8"), "int8"), (bool, "bool"), (int, "int32"), (float, "float32"),
        (jnp.ones(1, "bfloat16").dtype, "bfloat16"), (str, "string"), ("string", "string"),
    ],
)  # fmt: skip
def test_every_way_to_say_a_dtype(given, name):
    assert dtypes.standardize_dtype(given) == name


@pytest.mark.parametrize("given", ["floa32", object(), "float128"])
def test_what_is_no_dtype_is_refused(given):
    with pytest.raises(ValueError, match="Invalid dtype"):
        dtypes.standardize_dtype(given)


def test_kinds():
    assert dtypes.is_float_dtype("bfloat16")
    assert not dtypes.is_float_dtype("int32")
    assert dtypes.is_int_dtype("uint8")
    assert not dtypes.is_int_dtype("bool")


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ((), "float32"), (("int32", "float16"), "float16"), (("float16", "bfloat16"), "float32"), ((float, "int32"), "float32"),
        ((int, "int8"), "int8"), ((float,), "float32"), (("bool", "int8"), "int8"), ((float, "bfloat16"), "bfloat16"),
    ],
)  # fmt: skip
def test_promotion(given, result):
    assert dtypes.result_type(*given) == result


@pytest.mark.parametrize(
    ("name", "compute", "variable"),
    [
        ("float32", "float32", "float32"),
        ("mixed_bfloat16", "bfloat16", "float32"),
        ("mixed_float16", "float16", "float32"),
        ("bfloat16", "bfloat16", "bfloat16"),
    ],
)
def test_a_policy_says_what_is_stored_and_what_is_computed(name, compute, variable):
    policy = DTypePolicy(name)
    assert (policy.compute_dtype, policy.variable_dtype) == (compute, variable)
    assert policy == DTypePolicy.from_config(policy.get_config())
    assert hash(policy) == hash(DTypePolicy(name))
    assert repr(policy) == f'<DTypePolicy "{name}">'


def test_a_bad_policy_is_named():
    with pytest.raises(ValueError, match="Cannot convert 'mixed_float32' to a mixed precision DTypePolicy"):
        DTypePolicy("mixed_float32")
    with pytest.raises(TypeError, match="'name' must be a string"):
        DTypePolicy(3)
    with pytest.raises(ValueError, match="Cannot interpret `dtype` argument"):
        dtypes.get(object())


def test_get_takes_names_types_configs_and_policies():
    policy = DTypePolicy("mixed_float16")
    assert dtypes.get(policy) is policy
    assert dtypes.get("mixed_float16") == policy
    assert dtypes.get(np.float16).name == "float16"
    assert dtypes.get(dtypes.serialize(policy)) == policy
    assert dtypes.serialize(policy) == {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": "mixed_float16"},
        "registered_name": None,
    }
    assert FloatDTypePolicy("float32") == DTypePolicy("float32")


def test_the_global_policy_follows_floatx_until_it_is_set():
    config.set_floatx("float16")
    assert dtypes.get(None).name == "float16"
    dtypes.set_dtype_policy("mixed_bfloat16")
    assert dtypes.dtype_policy().name == "mixed_bfloat16"


@pytest.mark.parametrize("policy", [None, 12345, np.float32])
def test_the_global_policy_is_a_name_or_a_policy(policy):
    with pytest.raises(ValueError, match="Invalid `policy` argument"):
        dtypes.set_dtype_policy(policy)


def test_floatx_is_one_of_four():
    with pytest.raises(ValueError, match="Did you mean 'float32'"):
        config.set_floatx("floa32")
