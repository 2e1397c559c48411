"""get_file: a file from an address, kept in Keras's cache folder. Beside each other, never half: a name there is a whole file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import urllib.error
import urllib.parse
import urllib.request
import uuid
import warnings
from collections.abc import Sequence
from typing import IO

from jaxnn.core import registry
from jaxnn.utils.archives import extract_archive
from jaxnn.utils.printing import print_line
from jaxnn.utils.progbar import Progbar

_BLOCK = 1 << 16  # bytes
_SILENCE = 60  # seconds without a byte, after which a server counts as gone


@registry.export("utils")
def get_file(
    fname: str | os.PathLike | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str | os.PathLike = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file in Keras's cache folder; it is downloaded if it isn't there, or isn't the right one.

    A download gets its name only when it is whole and its hash is right; a failed one leaves what was there before. Archives
    are unpacked where that wasn't done yet; their links become copies, and files that would land outside are left out with
    a warning.

    Args:
        fname: the name in the cache; None means the address's last part. With `extract` the name of the folder, or, if it has
            an ending, that of the archive, unpacked into `<name>_extracted`.
        origin: the address; `file://` works too.
        untar: the old form of `extract=True, archive_format="tar"`.
        md5_hash: the old form of `file_hash`, for MD5.
        file_hash: what the file's content must hash to, in hexadecimal. Give it for whatever you don't trust blindly.
        cache_subdir: the folder in the cache, or an absolute path instead.
        hash_algorithm: "sha256", "md5", or "auto" by the hash's length.
        extract: unpacks a tar or zip archive.
        archive_format: "auto", "tar", "zip", a list of these, or None.
        cache_dir: the cache; None means the environment's `KERAS_HOME`, or `~/.keras`.
        force_download: downloads even what is there.

    Returns:
        The file's path, or the folder's with `extract`.

    Raises:
        ValueError: without an origin, for a path as `fname`, or if the hash of the download is another one.
        OSError: if the download fails, or the cache can't be written; the message says where to put the file by hand.

    Example: `path = get_file(origin="https://example.org/flowers.tgz", extract=True)`

    Source: https://keras.io/api/utils/python_utils/#get_file-function
    """
    if origin is None:
        raise ValueError('get_file: Please specify the "origin" argument, the URL of the file to download.')
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    name = _name(fname, origin)
    folder = os.path.join(os.path.expanduser(cache_dir or keras_home()), cache_subdir)
    target = os.path.join(folder, name)
    unpacked = None
    if extract or untar:
        with_ending = fname is not None and "." in name
        unpacked = os.path.join(folder, f"{name[: name.find('.')]}_extracted") if with_ending else target
        target = target if with_ending else f"{target}_archive"
    if force_download or not _is_right(target, file_hash, hash_algorithm):
        _download(origin, target, file_hash, hash_algorithm)
    if unpacked is None:
        return target
    if not extract_archive(target, unpacked, "tar" if untar else archive_format):
        warnings.warn(f"get_file: Could not extract archive {target}: it is neither tar nor zip.", stacklevel=2)
    return unpacked


def keras_home() -> str:
    """Keras's folder: the environment's `KERAS_HOME`, or `~/.keras`."""
    return os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")


def hash_file(path: str | os.PathLike, algorithm: str = "sha256") -> str:
    """The hash of a file's content, in hexadecimal; "sha256" or "md5"."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def has_hash(path: str | os.PathLike, file_hash: str, algorithm: str = "auto") -> bool:
    """Whether a file's content hashes to this; "auto" takes 64 digits for SHA-256 and anything else for MD5, as Keras does."""
    if algorithm not in ("sha256", "md5"):
        algorithm = "sha256" if len(file_hash) == 64 else "md5"
    return hash_file(path, algorithm) == file_hash.lower()


def _name(fname: str | os.PathLike | None, origin: str) -> str:
    name = os.fspath(fname) if fname else os.path.basename(urllib.parse.urlsplit(origin).path)
    if fname and os.path.basename(name) != name:
        raise ValueError(
            "get_file: Paths are no longer accepted as the `fname` argument; pass the file's parent directory as "
            f"`cache_dir` or `cache_subdir`; got fname={name}."
        )
    if name in ("", ".", ".."):
        raise ValueError(f"get_file: Can't parse the file name from the origin provided: '{origin}'. Pass `fname`.")
    return name


def _is_right(path: str, file_hash: str | None, algorithm: str) -> bool:
    if not os.path.exists(path):
        return False
    if file_hash is None or has_hash(path, file_hash, algorithm):
        return True
    print_line(
        f"A local file was found, but it seems to be incomplete or outdated because its {algorithm} hash does not match "
        f"{file_hash}, so we will re-download the data: {path}"
    )
    return False


def _download(origin: str, target: str, file_hash: str | None, algorithm: str) -> None:
    by_hand = f"Without a network, get {origin} elsewhere and put it at {target}"
    folder = os.path.dirname(target)
    part = os.path.join(folder, f".download-{uuid.uuid4().hex}")
    try:
        os.makedirs(folder, exist_ok=True)
        pathlib.Path(part).touch(exist_ok=False)
    except OSError as error:
        raise type(error)(
            f"get_file: the cache folder {folder} can't be written: {error}. Set the environment's KERAS_HOME, or pass "
            f"cache_dir=. {by_hand}."
        ) from error
    try:
        with open(part, "wb") as file:
            _copy(origin, file, by_hand)
        if file_hash is not None and not has_hash(part, file_hash, algorithm):
            raise ValueError(
                f"get_file: Incomplete or corrupted file detected: the {algorithm} hash of {origin} does not match the "
                f"provided value of {file_hash}. Try again, or check the hash with whoever published it."
            )
        os.replace(part, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)


def _copy(origin: str, file: IO[bytes], by_hand: str) -> None:
    """The content of an address into an open file, with a bar."""
    print_line(f"Downloading data from {origin}")
    try:
        with urllib.request.urlopen(origin, timeout=_SILENCE) as source:
            length = source.headers.get("Content-Length")
            total, done = int(length) if length else None, 0
            bar = Progbar(total, unit_name="byte")
            while block := source.read(_BLOCK):
                file.write(block)
                done += len(block)
                bar.update(done)
    except urllib.error.HTTPError as error:
        raise OSError(f"get_file: URL fetch failure on {origin}: {error.code} -- {error.msg}. {by_hand}.") from error
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise OSError(f"get_file: URL fetch failure on {origin}: {reason}. {by_hand}.") from error
    if total is not None and done < total:
        raise OSError(f"get_file: URL fetch failure on {origin}: {done} of {total} bytes came. Try again. {by_hand}.")
