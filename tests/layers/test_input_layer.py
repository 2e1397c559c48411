import pytest

from jaxnn import layers
from jaxnn.core.graph import KerasTensor

TENSOR = KerasTensor((2, 3))


def test_input_is_a_symbolic_tensor_with_an_open_batch():
    x = layers.Input((28, 28), name="image")
    assert (x.shape, x.dtype, x.name) == ((None, 28, 28), "float32", "image")
    assert layers.Input((3,), batch_size=8, dtype="int32").shape == (8, 3)
    assert layers.Input(batch_shape=(2, 3)).shape == (2, 3)


def test_an_input_may_stand_for_a_tensor():
    assert layers.Input((3,), batch_size=2, dtype="float32", sparse=False, tensor=TENSOR) is TENSOR


def test_an_input_layer_is_saved():
    layer = layers.InputLayer((3,), dtype="int32", name="words")
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    assert again.output.shape == (None, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "You must pass a `shape` argument"),
        ({"shape": (3,), "batch_shape": (2, 3)}, "cannot pass both `shape` and `batch_shape`"),
        ({"batch_size": 2, "batch_shape": (2, 3)}, "cannot pass both `batch_size` and `batch_shape`"),
        ({"shape": (3,), "ragged": True}, "`ragged=True` is not supported with JAX. Pad the rows"),
        (
            {"tensor": TENSOR, "shape": (4,)},
            r"incompatible `shape` argument; got shape=\(4,\) for a tensor with \(3,\)",
        ),
        ({"tensor": TENSOR, "batch_shape": (2, 4)}, "incompatible `batch_shape`"),
        ({"tensor": TENSOR, "batch_size": 5}, "incompatible `batch_size`"),
        ({"tensor": TENSOR, "dtype": "float16"}, "incompatible `dtype`"),
        ({"tensor": TENSOR, "sparse": True}, "incompatible `sparse`"),
        ({"tensor": 3}, "`input_tensor` must be a KerasTensor"),
    ],
)
def test_arguments_that_contradict_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.Input(**arguments)
