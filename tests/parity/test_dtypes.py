"""Dtype policies give Keras's numbers: mixed precision, a dtype for one layer, and 64 bits."""

import subprocess
import sys
from pathlib import Path

import keras as theirs
import numpy as np
import pytest

import jaxnn as ours


def history(k, policy, dtype=None):
    k.utils.clear_session()
    k.utils.set_random_seed(11)
    k.config.set_dtype_policy(policy)
    try:
        model = k.Sequential(
            [
                k.Input((8,)),
                k.layers.Dense(16, activation="relu"),
                k.layers.BatchNormalization(),
                k.layers.Dense(1, activation="sigmoid", dtype=dtype),
            ]
        )
        model.compile(k.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
        rng = np.random.RandomState(0)
        x = rng.randn(192, 8).astype("float32")
        y = (x[:, :1] > 0).astype("float32")
        result = model.fit(x, y, epochs=5, verbose=0).history
        return result, model
    finally:
        k.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    ("policy", "dtype"),
    [
        ("mixed_bfloat16", None),
        ("mixed_bfloat16", "float32"),
        ("mixed_float16", None),
        ("mixed_float16", "float32"),
        ("float32", None),
    ],
)
def test_policies_give_keras_history(policy, dtype):
    expected, _ = history(theirs, policy, dtype)
    found, model = history(ours, policy, dtype)
    # in 16 bits XLA may keep more bits between two operations of one program than of another
    tolerance = 2e-6 if policy == "float32" else 5e-3
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=tolerance)
    assert model.layers[0].kernel.dtype == "float32"
    assert model.layers[0].compute_dtype == policy.removeprefix("mixed_")
    assert type(model.optimizer).__name__ == ("LossScaleOptimizer" if policy == "mixed_float16" else "Adam")


def test_floatx_of_64_bits_switches_jax_over():
    code = (
        "import jaxnn, numpy as np; jaxnn.config.set_floatx('float64');"
        "m = jaxnn.Sequential([jaxnn.Input((3,)), jaxnn.layers.Dense(1)]); m.compile('sgd', 'mse');"
        "m.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0);"
        "print(m.layers[0].kernel.dtype, m.predict(np.ones((2, 3)), verbose=0).dtype)"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert run.stdout.split() == ["float64", "float64"]
