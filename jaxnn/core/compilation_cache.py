"""Compiled programs are kept on disk: the next process loads in milliseconds what took this one hundreds to compile.

JAX has such a cache, and no folder for it unless the user names one. Ours is in the user's cache folder, and JAX uses it only
while a program of jaxnn compiles; before and after, its settings are as they were, so nobody else's programs are stored and
a folder set later counts. Where the user has set `jax_compilation_cache_dir`, or switched JAX's cache off, all is left as it
is, and `JAXNN_COMPILATION_CACHE=off` in the environment switches ours off.

A cache may cost nothing but time. Whatever goes wrong with it (a folder that can't be made or isn't safe, a full disk, an
entry that a killed process left half written) ends in compiling as if there were none, without a word.

    <cache folder of the user>/jaxnn/xla/<jax>-<jaxlib>-<kind of CPU>-<cores>/

XDG_CACHE_HOME or ~/.cache, ~/Library/Caches on macOS, LOCALAPPDATA on Windows. `cache_folder.py` makes and prunes it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache as jax_cache

from jaxnn.core import cache_folder

_lock = threading.Lock()
_compiling = 0  # programs that compile at this moment, in all threads
_settings_before: dict[str, Any] = {}


def jit(fn: Callable, *args: Any, **options: Any) -> Callable:
    """`jax.jit(fn, **options)`, already compiled for arguments like these, or loaded if an earlier process compiled it.

    It takes other shapes, too, but the programs for those are not kept.

    Args:
        fn: a pure function of pytrees of arrays.
        *args: an example call; only shapes and dtypes matter.
        **options: those of `jax.jit`.
    """
    program = jax.jit(fn, **options)
    if _is_ours() and not any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(args)):
        _compile(program.lower(*args))
    return program


def _is_ours() -> bool:
    """Whether the cache is left to us, and has a folder."""
    config: Any = jax.config  # it has its settings by __getattr__, unknown to type checkers
    left = config.jax_enable_compilation_cache and (config.jax_compilation_cache_dir is None or _compiling)
    return bool(left) and cache_folder.get() is not None


def _compile(lowered: Any) -> None:
    """Compiles a program or loads it; the jitted function that it was lowered from finds it then."""
    folder = cache_folder.get()
    assert folder is not None
    try:
        with _settings(folder), cache_folder.watched(folder):
            lowered.compile()
    except Exception as error:
        lowered.compile()  # raises what isn't the cache's fault
        if isinstance(error, OSError):
            cache_folder.give_up()
        else:
            cache_folder.repair(folder)
    cache_folder.prune_if_due(folder)


@contextlib.contextmanager
def _settings(folder: str) -> Iterator[None]:
    """JAX's cache is in this folder meanwhile, keeps quick programs too, and raises instead of warning."""
    global _compiling
    ours = {
        "jax_compilation_cache_dir": folder,
        "jax_compilation_cache_max_size": -1,  # a limit needs the package filelock; we prune ourselves
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_raise_persistent_cache_errors": True,
    }
    with _lock:
        _compiling += 1
        if _compiling == 1:
            _settings_before.update({name: getattr(jax.config, name) for name in ours})
            jax_cache.reset_cache()  # JAX reads the folder's name once, until this
            _update(ours)
    try:
        yield
    finally:
        with _lock:
            _compiling -= 1
            if _compiling == 0:
                # what somebody else has set meanwhile stays
                _update({k: v for k, v in _settings_before.items() if getattr(jax.config, k) == ours[k]})
                jax_cache.reset_cache()


def _update(settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        jax.config.update(name, value)
