"""DTypePolicyMap: look-up by path and pattern, what layers make of it, messages."""

import keras
import numpy as np
import pytest

from jaxnn import dtype_policies, layers, models
from jaxnn.dtype_policies import DTypePolicy, DTypePolicyMap


def drawn(module=dtype_policies):
    policies = module.DTypePolicyMap("float32")
    policies["encoder/dense"] = module.DTypePolicy("bfloat16")
    policies["decoder/.*"] = module.DTypePolicy("mixed_bfloat16")
    return policies


def test_a_path_is_looked_up_exactly_then_by_pattern_then_by_default():
    policies = drawn()
    assert policies["encoder/dense"].name == "bfloat16"
    assert policies["decoder/any/dense"].name == "mixed_bfloat16"
    assert policies["decoder"].name == "float32"
    assert policies["encoder/dense_1"].name == "float32"
    assert policies.name == "map_float32"
    assert list(policies) == ["encoder/dense", "decoder/.*"]
    del policies["decoder/.*"]
    assert policies["decoder/any"].name == "float32"
    assert len(policies) == 1


def test_layers_compute_in_what_the_map_says_of_their_paths():
    policies = DTypePolicyMap("float32", {"net/small": DTypePolicy("bfloat16")})
    net = models.Sequential([layers.Dense(2, dtype=policies, name=name) for name in ("large", "small")], name="net")
    net.build((None, 3))
    large, small = net.layers
    assert (large.compute_dtype, small.compute_dtype, small.dtype) == ("float32", "bfloat16", "bfloat16")
    assert net(np.ones((1, 3))).dtype == "bfloat16"
    small.dtype_policy = "mixed_bfloat16"
    assert (small.compute_dtype, small.variable_dtype, large.compute_dtype) == ("bfloat16", "float32", "float32")
    assert small.dtype_policy is policies
    large.dtype_policy = "bfloat16"  # the map had nothing for its path
    assert policies["net/large"].name == "bfloat16"


@pytest.mark.parametrize("default", [None, "mixed_bfloat16"])
def test_configs_are_kerass(default):
    ours, theirs = (
        module.DTypePolicyMap(default, {"a/.*": module.DTypePolicy("bfloat16")})
        for module in (dtype_policies, keras.dtype_policies)
    )
    config = dtype_policies.serialize(ours)
    assert config == keras.dtype_policies.serialize(theirs)
    twin = dtype_policies.deserialize(config)
    assert twin["a/b"].name == ("bfloat16" if default else "float32")  # without a default, the global one
    assert twin.default_policy == ours.default_policy
    assert repr(ours) == f"<DTypePolicyMap default_policy={default or 'float32'}, mapping=[('a/.*', 'bfloat16')]>"


def test_what_a_map_refuses_is_told():
    policies = drawn()
    with pytest.raises(ValueError, match="encoder/dense already exist in the DTypePolicyMap"):
        policies["encoder/dense"] = DTypePolicy("float32")
    with pytest.raises(ValueError, match="Cannot interpret the assigned value"):
        policies["other"] = 123
    policies["decoder/att.*"] = DTypePolicy("float16")
    with pytest.raises(
        ValueError, match=r"Path 'decoder/attention' matches multiple.*\['decoder/\.\*', 'decoder/att\.\*'\]"
    ):
        policies["decoder/attention"]
    with pytest.raises(TypeError, match="`policy_map` must be a dict"):
        DTypePolicyMap(policy_map=[1])
    with pytest.raises(ValueError, match="cannot be a `DTypePolicyMap`"):
        DTypePolicyMap(default_policy=policies)
