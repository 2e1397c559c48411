"""What every test shares: Keras's backend is set before anything imports it, and each test starts a new session."""

import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["JAXNN_COMPILATION_CACHE"] = "off"  # else what a test compiles would depend on what ran yesterday

import jax
import pytest


@pytest.fixture
def key():
    """A JAX random key."""
    return jax.random.key(0)
