"""Programs kept on disk: found by the next process, out of everybody's way, and silent when anything is wrong."""

import os
import pathlib
import subprocess
import sys
import threading
import time
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn.core import cache_folder, compilation_cache

ROOT = pathlib.Path(__file__).parents[2]
SETTINGS = [
    "jax_compilation_cache_dir",
    "jax_compilation_cache_max_size",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_raise_persistent_cache_errors",
]


X = np.arange(4.0, dtype="float32")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's cache folder that nobody has used yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("JAXNN_COMPILATION_CACHE")
    monkeypatch.setattr(cache_folder, "_found", None)
    monkeypatch.setattr(cache_folder, "_compiled", 0)
    return tmp_path


@pytest.fixture
def events():
    """What JAX reports about its cache."""
    seen = []
    listener = lambda event, **_: seen.append(event.split("/")[-1])  # noqa: E731
    jax.monitoring.register_event_listener(listener)
    yield seen
    getattr(jax.monitoring, "unregister_event_listener", lambda _: None)(listener)  # JAX 0.8.0 has none


def run(x=X, number=1.0):
    """Calls a new function each time, as a new process would; JAX keeps no program of it in memory."""

    def compute(x):
        return jnp.tanh(x) * number

    return compilation_cache.jit(compute, x)(x)


def entries(home):
    return sorted(home.rglob("*-cache"))


@pytest.fixture(scope="module")
def accepted(tmp_path_factory):
    """Skips where XLA finds fault with its own entries (`cache_folder.watched`): there we keep out of the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("trial")))
        patch.delenv("JAXNN_COMPILATION_CACHE")
        patch.setattr(cache_folder, "_found", None)
        patch.setattr(cache_folder, "_compiled", 0)
        run()
        run()
        if cache_folder.get() is None:
            pytest.skip("this XLA refuses its own entries on this CPU")


# --- what it is for -------------------------------------------------------------------------------------------------------


def test_an_equal_program_is_loaded_instead_of_compiled(home, events):
    first = run()
    assert "cache_misses" in events
    assert "cache_hits" not in events

    second = run()

    assert events.count("cache_hits") == 1
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(second, np.tanh(X), rtol=1e-6)  # one float32 rounding of tanh


def test_it_is_compiled_once(home, events):
    assert run().shape == (4,)
    assert events.count("compile_requests_use_cache") == 1
    assert len(entries(home)) == 1


def test_other_shapes_are_taken(home):
    double = compilation_cache.jit(lambda x: x * 2, X)
    np.testing.assert_array_equal(double(X[:2]), X[:2] * 2)
    assert len(entries(home)) == 1


def test_other_programs_are_not_stored_and_settings_stay(home):
    before = [getattr(jax.config, name) for name in SETTINGS]
    run()
    jax.jit(lambda x: x * 3 + 1)(X)
    assert [getattr(jax.config, name) for name in SETTINGS] == before
    assert len(entries(home)) == 1


def test_it_traces_under_other_transformations(home):
    np.testing.assert_allclose(jax.jit(run)(X), np.tanh(X), rtol=1e-6)  # one float32 rounding of tanh
    np.testing.assert_allclose(jax.vmap(run)(X), np.tanh(X), rtol=1e-6)
    assert jax.grad(run)(np.float32(0.0)) == 1.0


def test_options_are_those_of_jit(home):
    x = jnp.ones((3,))
    add = compilation_cache.jit(lambda x: x + 1, x, donate_argnums=0)
    assert add(x).sum() == 6
    assert x.is_deleted()


def test_threads_may_compile_at_once(home):
    before = [getattr(jax.config, name) for name in SETTINGS]
    results = {}
    threads = [
        threading.Thread(target=lambda i=i: results.update({i: float(run(number=float(i))[1])})) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {i: pytest.approx(i * np.tanh(1.0), rel=1e-6) for i in range(8)}  # one float32 rounding
    assert [getattr(jax.config, name) for name in SETTINGS] == before


# --- when it keeps out of the way --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["off", "0", "FALSE"])
def test_a_variable_switches_it_off(home, monkeypatch, word):
    monkeypatch.setenv("JAXNN_COMPILATION_CACHE", word)
    run()
    assert list(home.iterdir()) == []


def test_a_folder_set_by_the_user_is_left_to_the_user(home, tmp_path_factory):
    theirs = tmp_path_factory.mktemp("theirs")
    jax.config.update("jax_compilation_cache_dir", str(theirs))
    try:
        run()
        assert list(home.iterdir()) == []
        assert jax.config.jax_compilation_cache_dir == str(theirs)
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
        compilation_cache.jax_cache.reset_cache()


def test_a_cache_switched_off_in_jax_stays_off(home):
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        run()
    finally:
        jax.config.update("jax_enable_compilation_cache", True)
        compilation_cache.jax_cache.reset_cache()
    assert list(home.iterdir()) == []


def test_a_folder_set_while_we_compile_stays(home, tmp_path_factory):
    theirs = str(tmp_path_factory.mktemp("theirs"))
    try:
        with compilation_cache._settings(cache_folder.get()):
            jax.config.update("jax_compilation_cache_dir", theirs)
        assert jax.config.jax_compilation_cache_dir == theirs
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
        compilation_cache.jax_cache.reset_cache()


# --- the folder ---------------------------------------------------------------------------------------------------------------


def test_the_folders_are_the_users_alone(home):
    folder = pathlib.Path(cache_folder.get())
    assert folder.parent == home / "jaxnn" / "xla"
    assert folder.name.startswith(f"{jax.__version__}-")
    for path in (folder, folder.parent, folder.parent.parent):
        assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores can't be taken from a process here")
def test_a_process_that_may_use_fewer_cores_has_a_folder_of_its_own(home, monkeypatch):
    cores = os.sched_getaffinity(0)
    if len(cores) == 1:
        pytest.skip("there is one core only")
    folder = cache_folder.get()
    monkeypatch.setattr(cache_folder, "_found", None)
    os.sched_setaffinity(0, {min(cores)})
    try:
        assert cache_folder.get() != folder
    finally:
        os.sched_setaffinity(0, cores)


def test_the_cache_folder_itself_is_made_but_no_home(home, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    assert cache_folder.get().startswith(str(home / "cache"))
    assert (home / "cache").stat().st_mode & 0o777 == 0o700

    monkeypatch.setattr(cache_folder, "_found", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "no" / "home"))
    assert cache_folder.get() is None
    assert not (home / "no").exists()


@pytest.mark.parametrize("home_variable", ["/nowhere", "/dev/null", None])
def test_without_a_home_there_is_no_cache(home, monkeypatch, home_variable):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/to/nothing")
    if home_variable is None:  # and none in the system's list of users
        monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    else:
        monkeypatch.setenv("HOME", home_variable)
    assert cache_folder.get() is None
    np.testing.assert_allclose(run(), np.tanh(X), rtol=1e-6)  # one float32 rounding of tanh


@pytest.mark.parametrize("variables", [{"LOCALAPPDATA": "w"}, {"HOME": "m"}], ids=["win32", "darwin"])
def test_other_systems_have_other_places(home, monkeypatch, variables):
    system, place = ("win32", "w") if "LOCALAPPDATA" in variables else ("darwin", "m/Library/Caches")
    (home / place).mkdir(parents=True)
    monkeypatch.setattr(sys, "platform", system)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(home / value))
    assert cache_folder.get().startswith(str(home / place / "jaxnn"))


@pytest.mark.parametrize("depth", ["jaxnn", "jaxnn/xla"])
@pytest.mark.parametrize("trouble", ["writable by others", "a link", "a file"])
def test_an_unsafe_folder_is_not_used(home, monkeypatch, depth, trouble):
    path = home / depth
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if trouble == "a file":
        path.touch()
    elif trouble == "a link":
        (home / "elsewhere").mkdir(mode=0o700)
        path.symlink_to(home / "elsewhere")
    else:
        path.mkdir()
        path.chmod(0o770)
    run()
    assert cache_folder.get() is None
    assert entries(home) == []


def test_another_users_home_is_not_touched(home, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)  # as under sudo
    assert cache_folder.get() is None
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_not_used(home, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    run()
    assert entries(home) == []


# --- what goes wrong later ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [0, 1, 100])
@pytest.mark.usefixtures("accepted")
def test_a_half_written_entry_is_replaced_without_a_word(home, events, capfd, left):
    run()
    run(number=2.0)
    one, other = entries(home)
    one.write_bytes(one.read_bytes()[:left])

    for number in (1.0, 2.0):
        np.testing.assert_allclose(run(number=number), number * np.tanh(X), rtol=1e-6)  # one float32 rounding
    assert entries(home) == [other]
    for number in (1.0, 2.0):  # the broken one is written again
        run(number=number)
    assert entries(home) == [one, other]

    events.clear()
    for number in (1.0, 2.0):
        run(number=number)
    assert events.count("cache_hits") == 2
    assert capfd.readouterr() == ("", "")


def test_an_entry_that_cannot_be_loaded_is_deleted(home, capfd):
    run()
    (entry,) = entries(home)
    entry.write_bytes(zlib.compress(b"no program"))
    np.testing.assert_allclose(run(), np.tanh(X), rtol=1e-6)  # one float32 rounding of tanh
    assert entries(home) == []
    assert capfd.readouterr() == ("", "")


def test_a_full_disk_switches_it_off_without_a_word(home, capfd):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # no file may grow beyond: writing one fails midway
    try:
        result = run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    np.testing.assert_allclose(result, np.tanh(X), rtol=1e-6)  # one float32 rounding of tanh
    assert cache_folder.get() is None
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_vanishes_is_no_trouble(home, capfd):
    folder = pathlib.Path(cache_folder.get())
    folder.rmdir()
    run()
    assert len(entries(home)) == 1
    assert capfd.readouterr() == ("", "")


def test_a_programs_own_error_comes_through_and_spoils_nothing(home):
    run()

    def broken(x):
        raise ValueError("my own")

    with pytest.raises(ValueError, match="my own"):
        compilation_cache.jit(broken, X)
    assert len(entries(home)) == 1
    assert cache_folder.get() is not None


@pytest.mark.usefixtures("accepted")
def test_entries_that_this_cpu_refuses_switch_it_off(home, capfd):
    run()
    (entry,) = entries(home)
    code = zlib.decompress(entry.read_bytes())
    feature = next((f for f in (b"+movbe", b"+popcnt") if f in code), None)
    if feature is None:
        pytest.skip("this CPU's features have other names")
    entry.write_bytes(zlib.compress(code.replace(feature, b"+" + b"z" * (len(feature) - 1))))

    run()

    assert cache_folder.get() is None
    assert capfd.readouterr() == ("", "")
    cache_folder._found = None  # the next process
    assert cache_folder.get() is None


@pytest.mark.usefixtures("accepted")
def test_entries_that_load_well_are_not_watched_again(home):
    run()
    folder = pathlib.Path(cache_folder.get())
    assert not (folder / "accepted").exists()
    run()
    assert (folder / "accepted").exists()


def test_what_others_write_to_stderr_meanwhile_is_passed_on(capfd):
    found = []
    with cache_folder._stderr_without(b"secret", found):
        os.write(2, b"one\nsecret two\nthree")
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "one\nthree"
    assert found == [b"secret two\n"]


# --- its size -----------------------------------------------------------------------------------------------------------------


def test_pruning_deletes_what_is_old_then_the_oldest(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_folder, "_LIMIT", 2500)
    now = time.time()
    for i, days in enumerate([200, 4, 3, 2, 1]):
        path = tmp_path / f"{i % 2}" / f"{i}-cache"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(1000))
        os.utime(path, (now - days * 86_400,) * 2)
    cache_folder.prune(str(tmp_path))
    assert [p.name for p in sorted(tmp_path.rglob("*-cache"), key=lambda p: p.name)] == ["3-cache", "4-cache"]


def test_pruning_is_due_once_a_day(home, monkeypatch):
    registered = []
    monkeypatch.setattr(cache_folder.atexit, "register", lambda *call: registered.append(call))
    folder = cache_folder.get()
    marker = pathlib.Path(folder).parent / "pruned"
    for age, due in ((None, 0), (0, 0), (2, 1), (0, 0)):
        if age:
            os.utime(marker, (time.time() - age * 86_400,) * 2)
        registered.clear()
        monkeypatch.setattr(cache_folder, "_compiled", 0)
        cache_folder.prune_if_due(folder)
        assert len(registered) == due


# --- whole processes ------------------------------------------------------------------------------------------------------------

SCRIPT = """
import jax, numpy as np
events = []
jax.monitoring.register_event_listener(lambda event, **_: events.append(event.split("/")[-1]))
import jaxnn as keras
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="relu"), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((10, 3)), np.ones((10, 1)), epochs=2, batch_size=4, verbose=0)
model(np.ones((2, 3), "float32"))
print(events.count("cache_hits"), events.count("compile_requests_use_cache"))
"""


def start(home, **environment):
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(home), **environment}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def outcome(process):
    out, err = process.communicate()
    assert err == b""
    assert process.returncode == 0
    return tuple(map(int, out.split()))


@pytest.mark.usefixtures("accepted")
def test_a_second_process_compiles_nothing(home):
    assert outcome(start(home)) == (0, 2)
    assert outcome(start(home)) == (2, 2)


@pytest.mark.slow
@pytest.mark.usefixtures("accepted")
def test_processes_that_start_together_share_the_folder(home):
    together = [start(home) for _ in range(6)]
    assert all(outcome(process)[1] == 2 for process in together)
    assert outcome(start(home)) == (2, 2)


@pytest.mark.slow
def test_the_users_own_variables_rule(home, tmp_path_factory):
    theirs = tmp_path_factory.mktemp("theirs")
    outcome(start(home, JAX_COMPILATION_CACHE_DIR=str(theirs)))
    assert outcome(start(home, JAX_ENABLE_COMPILATION_CACHE="false")) == (0, 0)
    assert list(home.iterdir()) == []
