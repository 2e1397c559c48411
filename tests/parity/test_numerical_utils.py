"""One-hot rows, normalised vectors, packed batches and seeds, as Keras gives them."""

import random

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import jaxnn.utils

drawn = settings(derandomize=True, deadline=None, max_examples=30)
shapes = arrays.array_shapes(min_dims=1, max_dims=3, max_side=4)


@drawn
@given(
    labels=arrays.arrays(st.sampled_from(["int32", "uint8", "float32"]), shapes, elements=st.integers(0, 6)),
    num_classes=st.sampled_from([None, 7, 10]),
)
def test_to_categorical_is_equal(labels, num_classes):
    ours, theirs = (u.to_categorical(labels, num_classes) for u in (jaxnn.utils, keras.utils))
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype
    if num_classes and labels.dtype.kind != "f":  # Keras passes floats on to JAX, which warns
        ours, theirs = (u.to_categorical(jnp.asarray(labels), num_classes) for u in (jaxnn.utils, keras.utils))
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


@drawn
@given(
    x=arrays.arrays("float32", shapes, elements=st.floats(-8, 8, width=32)),
    axis=st.sampled_from([-1, None]),
    order=st.sampled_from([1, 2, 3]),
)
def test_normalize_is_equal(x, axis, order):
    if axis is not None:
        np.testing.assert_array_equal(*(u.normalize(x, axis, order) for u in (jaxnn.utils, keras.utils)))
    if axis is not None or order == 2:
        ours, theirs = (u.normalize(jnp.asarray(x), axis, order) for u in (jaxnn.utils, keras.utils))
        np.testing.assert_allclose(
            ours, theirs, rtol=1e-6, atol=1e-7
        )  # an ulp of float32: Keras's norm for order 3 differs


@pytest.mark.parametrize("parts", [(1,), (1, 2), (1, 2, 3), (1, None, 3), ((1, 2),), ([1],), ([1], 2)])
def test_batches_are_packed_alike(parts):
    packed = [u.pack_x_y_sample_weight(*parts) for u in (jaxnn.utils, keras.utils)]
    assert packed[0] == packed[1]
    unpacked = [u.unpack_x_y_sample_weight(packed[0]) for u in (jaxnn.utils, keras.utils)]
    assert unpacked[0] == unpacked[1]


@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1])
def test_a_seed_sets_the_same_streams(seed):
    draws = []
    for utils in (jaxnn.utils, keras.utils):
        utils.set_random_seed(seed)
        draws.append((random.random(), np.random.rand()))
    assert draws[0] == draws[1]
