"""Settings that are there for scripts written for Keras, and the device of new arrays."""

import jax
import pytest

import jaxnn
from jaxnn import config, ops


@pytest.fixture(autouse=True)
def put_back():
    yield
    config.enable_flash_attention()


def test_the_backend_is_jax_and_no_other():
    config.set_backend("jax")
    assert config.backend() == "jax"
    with pytest.raises(ValueError, match=r"`backend` must be 'jax'.*got 'torch'\. For another backend import Keras"):
        config.set_backend("torch")


def test_flash_attention_can_be_switched_off_and_on():
    assert config.is_flash_attention_enabled() is None
    config.disable_flash_attention()
    assert config.is_flash_attention_enabled() is False
    config.enable_flash_attention()
    assert config.is_flash_attention_enabled() is None
    assert config.is_nnx_enabled() is False


def test_the_fused_kernel_is_tried_on_a_gpu_unless_it_is_switched_off(monkeypatch):
    asked = []

    def attention(*arrays, implementation, **kwargs):
        asked.append(implementation)
        if implementation == "cudnn":
            raise NotImplementedError("not here")
        return arrays[0]

    monkeypatch.setattr(jax.nn, "dot_product_attention", attention)
    x = ops.ones((1, 2, 1, 4))
    ops.dot_product_attention(x, x, x)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    ops.dot_product_attention(x, x, x)
    ops.dot_product_attention(x, x, x, flash_attention=False)
    config.disable_flash_attention()
    ops.dot_product_attention(x, x, x)
    assert asked == ["cudnn", "xla", "xla", "xla"]  # on a CPU heads attend together, without JAX's function
    with pytest.raises(NotImplementedError):
        ops.dot_product_attention(x, x, x, flash_attention=True)


def test_arrays_are_made_on_the_device_that_a_block_names():
    for name in ("cpu", "CPU:0", jax.devices("cpu")[0]):
        with jaxnn.device(name):
            assert ops.ones(2).device == jax.devices("cpu")[0]


@pytest.mark.parametrize("name", ["cpu:99", "abacus", "cpu:x"])
def test_a_device_that_is_not_there_is_told(name):
    with pytest.raises(ValueError, match=f"Device not found: {name}. There are: .*cpu:0"):
        jaxnn.device(name)
    with pytest.raises(ValueError, match=r"Expected a string like 'gpu:0' or a `jax\.Device`"):
        jaxnn.device(0)
