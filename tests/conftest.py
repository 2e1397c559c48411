"""What every test shares: Keras's backend is set before anything imports it, and each test starts a new session."""

import gc
import os
import pathlib
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["JAXNN_COMPILATION_CACHE"] = "off"  # else what a test compiles would depend on what ran yesterday

import jax
import pytest

from jaxnn.core import config
from jaxnn.training import programs
from jaxnn.utils import clear_session


@pytest.fixture(autouse=True)
def session():
    """Automatic names start anew, ours and Keras's, and what is said once is said again: else tests would hear each other."""
    clear_session(free_memory=False)
    config._said.clear()
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session(free_memory=False)


TESTS = pathlib.Path(__file__).parent
# A test runs most of its programs once, and compiling them takes most of its time: two thirds without optimisations. What
# compares bits, trains or counts on speed is compiled as users' programs are.
COMPILED_QUICKLY = (
    "contract",
    "layers",
    "ops",
    "parity/test_image_layers.py",
    "parity/test_recurrent_wrappers.py",
)


@pytest.fixture(autouse=True, scope="module")
def compilation(request):
    """With optimisations or without; what was compiled without is forgotten before tests that want them."""
    quickly = request.path.relative_to(TESTS).as_posix().startswith(COMPILED_QUICKLY)
    if jax.config.read("jax_disable_most_optimizations") and not quickly:
        _forget_programs()
    jax.config.update("jax_disable_most_optimizations", quickly)


@pytest.fixture(autouse=True, scope="module")
def memory():
    """Thousands of compiled programs take gigabytes: a process that has grown forgets them before the next module."""
    yield
    if _resident_bytes() > 3 << 29:
        _forget_programs()
        gc.collect()


def _forget_programs():
    programs.clear()
    jax.clear_caches()


def _resident_bytes():
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not on Linux
        return 0


@pytest.fixture
def key():
    """A JAX random key."""
    return jax.random.key(0)
