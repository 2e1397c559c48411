"""What every test shares: Keras's backend is set before anything imports it, and each test starts a new session."""

import atexit
import gc
import os
import pathlib
import shutil
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["JAXNN_COMPILATION_CACHE"] = "off"  # else what a test compiles would depend on what ran yesterday

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from jaxnn.core import config
from jaxnn.training import programs
from jaxnn.utils import clear_session


def pytest_configure(config):
    """A worker of pytest-xdist takes whole folders in turn, whose tests share programs, and others help who is behind."""
    if getattr(config.option, "dist", "no") == "load":  # what `-n` alone chooses
        config.option.dist = "worksteal"


def pytest_collection_modifyitems(items):
    """The lessons come first, since they are the longest; what is compiled alike comes together."""
    items.sort(key=lambda item: (item.path.name != "test_notebooks.py", not is_compiled_quickly(item.path)))


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
    "parity/test_attention.py",
    "parity/test_image_layers.py",
    "parity/test_preprocessing_layers.py",
    "parity/test_recurrent.py",
    "parity/test_recurrent_wrappers.py",
    "parity/test_sparse.py",
)
# Even then XLA writes the kernels of fused loops by way of MLIR, which is half of the rest. JAX takes XLA's options for one
# `jit`, or from the environment for a whole process, but not for what it compiles from now on.
CHEAPER = [("xla_cpu_use_fusion_emitters", False), ("xla_cpu_parallel_codegen_split_count", 1)]
# pytest-xdist's workers find here what one of them has compiled; lessons and commands, which are processes, do not.
PROGRAMS = os.environ.get("JAXNN_TESTS_PROGRAMS") or tempfile.mkdtemp(prefix="jaxnn-tests-")
if "JAXNN_TESTS_PROGRAMS" not in os.environ:
    os.environ["JAXNN_TESTS_PROGRAMS"] = PROGRAMS
    atexit.register(shutil.rmtree, PROGRAMS, ignore_errors=True)
jax.config.update("jax_compilation_cache_dir", PROGRAMS)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
COUNT_PROGRAMS = ("core/test_compilation_cache.py", "training/test_compilations.py")  # which a shared cache would hide


def compile_cheaply():
    """Has JAX ask XLA for the cheaper options, too, where its own way of asking is what it was; elsewhere tests take longer."""
    try:
        from jax._src import compiler

        usual = compiler.get_compile_options
    except (ImportError, AttributeError):
        return

    def options(*args, **kwargs):
        found = usual(*args, **kwargs)
        if jax.config.read("jax_disable_most_optimizations"):
            found.env_option_overrides = [*found.env_option_overrides, *CHEAPER]
        return found

    compiler.get_compile_options = options


compile_cheaply()


def is_compiled_quickly(path):
    return path.relative_to(TESTS).as_posix().startswith(COMPILED_QUICKLY)


@pytest.fixture(autouse=True, scope="module")
def compilation(request):
    """With optimisations or without; what was compiled without is forgotten before tests that want them."""
    quickly = is_compiled_quickly(request.path)
    if jax.config.read("jax_disable_most_optimizations") and not quickly:
        _forget_programs()
    jax.config.update("jax_disable_most_optimizations", quickly)
    counts = request.path.relative_to(TESTS).as_posix() in COUNT_PROGRAMS
    if counts:
        _share_programs(None)
    yield
    if counts:
        _share_programs(PROGRAMS)


def _share_programs(folder):
    jax.config.update("jax_compilation_cache_dir", folder)
    compilation_cache.reset_cache()


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
