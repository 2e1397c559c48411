"""What every test shares: Keras's backend is set before anything imports it, and each test starts a new session."""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["JAXNN_COMPILATION_CACHE"] = "off"  # else what a test compiles would depend on what ran yesterday

import jax
import pytest

from jaxnn.core import config
from jaxnn.utils import clear_session


@pytest.fixture(autouse=True)
def session():
    """Automatic names start anew, ours and Keras's, and what is said once is said again: else tests would hear each other."""
    clear_session(free_memory=False)
    config._said.clear()
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session(free_memory=False)


@pytest.fixture
def key():
    """A JAX random key."""
    return jax.random.key(0)
