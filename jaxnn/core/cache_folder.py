"""The folder of compiled programs: where it is, who may use it, what is deleted from it.

It holds machine code, so it must be the user's alone. It is one for each version of JAX, kind of CPU and number of cores, since homes are
shared between machines, and XLA divides the work when it compiles: what was compiled for one core leaves the others idle. Several processes may work in it at once: each only adds files or deletes them, and misses none.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import platform
import stat
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator

import jax
import jaxlib

_LIMIT = 512 * 1024**2  # bytes, of all versions and CPUs together
_KEPT = 90 * 86_400  # seconds since an entry was written or read last
_EVERY = 256  # programs that a process compiles before it prunes again

_NOTHING = ""
_found: str | None = None
_stderr_is_held = threading.Lock()
_compiled = 0


def get() -> str | None:
    """The folder, made if need be; None where there is none that is safe and can be written, or the user wants none."""
    global _found
    if _found is None:
        try:
            _found = _make() or _NOTHING
        except OSError:
            _found = _NOTHING
    return _found or None


def give_up() -> None:
    """Uses no folder any more in this process."""
    global _found
    _found = _NOTHING


def _make() -> str | None:
    wanted = os.environ.get("JAXNN_COMPILATION_CACHE", "on").lower() not in ("off", "0", "false", "no")
    base = _caches_of_user()
    if not wanted or base is None or not _is_users_own(base if os.path.isdir(base) else os.path.dirname(base)):
        return None
    path = base
    for name in ("", "jaxnn", "xla", f"{jax.__version__}-{jaxlib.__version__}-{_kind_of_cpu()}-{_cores()}"):
        path = os.path.join(path, name) if name else path
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        if name and not _is_safe(path):
            return None
    if not os.access(path, os.W_OK | os.X_OK) or os.path.exists(os.path.join(path, "refused")):
        return None
    return path


def _caches_of_user() -> str | None:
    """Where this system keeps what programs can make again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # as its specification says
            base = os.path.expanduser("~/.cache")
    return base if os.path.isabs(base) else None


def _is_users_own(path: str) -> bool:
    """Whether a folder belongs to this user: root in a user's home would leave folders that the user can't use."""
    return sys.platform == "win32" or os.stat(path).st_uid == os.geteuid()


def _is_safe(path: str) -> bool:
    """Whether a folder is this user's, no link, and closed to what others write."""
    status = os.lstat(path)
    open_to_others = sys.platform != "win32" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and not open_to_others and _is_users_own(path)


def _kind_of_cpu() -> str:
    """A digest of what decides which machine code runs here."""
    lines = [platform.machine(), os.environ.get("PROCESSOR_IDENTIFIER", "")]
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if not line.strip():  # the end of the first core; reading on takes milliseconds on large machines
                break
            if line.startswith(("vendor_id", "cpu family", "model", "flags", "Features", "CPU ")):
                lines.append(line)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _cores() -> int:
    """How many cores this process may use, which is how many XLA counts on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# --- entries that this machine refuses -----------------------------------------------------------------------------------


@contextlib.contextmanager
def watched(folder: str) -> Iterator[None]:
    """Finds out, at the first entry that is read on a machine, whether XLA accepts its own entries here.

    XLA of jaxlib 0.9 to 0.10.1 finds fault with them on Intel CPUs with AVX-512 (github.com/jax-ml/jax/issues/38445), and
    says so in a line of its own on stderr for each. The verdict is a file in the folder, `accepted` or `refused`.
    """
    known = os.path.exists(os.path.join(folder, "accepted")) or jax.default_backend() != "cpu" or not _entries(folder)
    if known or not _stderr_is_held.acquire(blocking=False):
        yield
        return
    before = len(_entries(folder))
    complaints: list[bytes] = []
    try:
        with _stderr_without(b"cpu_aot_loader", complaints):
            yield
    finally:
        _stderr_is_held.release()
        if complaints:
            _touch(os.path.join(folder, "refused"))
            give_up()
        elif len(_entries(folder)) == before:
            _touch(os.path.join(folder, "accepted"))


@contextlib.contextmanager
def _stderr_without(word: bytes, found: list[bytes]) -> Iterator[None]:
    """Holds back what the process writes to stderr, and gives it out afterwards without the lines that have the word."""
    with tempfile.TemporaryFile() as file:
        stderr = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            file.seek(0)
            for line in file:
                if word in line:
                    found.append(line)
                else:
                    os.write(stderr, line)
            os.close(stderr)


# --- what is deleted ------------------------------------------------------------------------------------------------------


def repair(folder: str) -> None:
    """Deletes entries that were written by halves, or all where that explains nothing: JAX never replaces an entry."""
    entries = _entries(folder)
    broken = [path for path in entries if not _is_whole(path)]
    for path in broken or entries:
        _delete(path)


def _is_whole(path: str) -> bool:
    unzip = zlib.decompressobj()
    try:
        with open(path, "rb") as file:
            unzip.decompress(file.read())
    except (OSError, zlib.error):  # an entry in zstandard's form counts as broken, too: it is made again
        return False
    return unzip.eof


def prune_if_due(folder: str) -> None:
    """Prunes at the end of one process a day, and in processes that compile very many programs."""
    global _compiled
    _compiled += 1
    root = os.path.dirname(folder)
    if _compiled % _EVERY == 0:
        prune(root)
    elif _compiled == 1:
        marker = os.path.join(root, "pruned")
        try:
            due = time.time() - os.stat(marker).st_mtime > 86_400
        except OSError:
            due = False
            _touch(marker)
        if due:
            _touch(marker)
            atexit.register(prune, root)


def prune(root: str) -> None:
    """Deletes entries that nobody used for long, then the oldest until the rest is within the limit."""
    files = []
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            with contextlib.suppress(OSError):
                status = os.stat(path)
                files.append((max(status.st_atime, status.st_mtime), status.st_size, path))
    size, now = sum(size for _, size, _ in files), time.time()
    for used, bytes_, path in sorted(files):
        if now - used < _KEPT and size <= _LIMIT:
            break
        _delete(path)
        size -= bytes_


def _entries(folder: str) -> list[str]:
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith("-cache")]
    except OSError:
        return []


def _delete(path: str) -> None:
    with contextlib.suppress(OSError):  # another process was faster, or reads it (Windows)
        os.unlink(path)


def _touch(path: str) -> None:
    with contextlib.suppress(OSError), open(path, "wb"):
        os.utime(path)
