"""get_file: the cache, hashes, failures; and archives that try to write elsewhere."""

import io
import os
import tarfile
import urllib.request
import zipfile

import pytest

from jaxnn.utils import get_file
from jaxnn.utils.archives import extract_archive
from jaxnn.utils.files import hash_file

TEXT = b"Float like a butterfly"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "datasets"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.txt"
    path.write_bytes(TEXT)
    return path


def tar(path, *members):
    """An archive; a member is (name, content) or (name, type, link)."""
    with tarfile.open(path, "w:gz") as archive:
        for name, *rest in members:
            info = tarfile.TarInfo(name)
            if len(rest) == 1:
                info.size = len(rest[0])
                archive.addfile(info, io.BytesIO(rest[0]))
            else:
                info.type, info.linkname = rest
                archive.addfile(info)
    return path


def names(folder):
    return sorted(os.path.relpath(os.path.join(r, n), folder) for r, _, files in os.walk(folder) for n in files)


def test_a_file_is_downloaded_once_into_kerass_folder(source, cache, capsys):
    path = get_file(origin=source.as_uri())
    assert path == str(cache / "source.txt")
    assert "Downloading data from file://" in capsys.readouterr().out
    source.write_bytes(b"another")
    assert (cache / get_file("source.txt", source.as_uri())).read_bytes() == TEXT
    assert capsys.readouterr().out == ""
    get_file(origin=source.as_uri(), force_download=True)
    assert (cache / "source.txt").read_bytes() == b"another"
    assert names(cache) == ["source.txt"]


def test_other_folders(source, tmp_path):
    assert get_file("a", source.as_uri(), cache_dir=tmp_path, cache_subdir="sub") == str(tmp_path / "sub" / "a")
    assert get_file("a", source.as_uri(), cache_subdir=str(tmp_path / "abs")) == str(tmp_path / "abs" / "a")


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_a_file_with_another_hash_is_downloaded_again(source, cache, algorithm, capsys):
    cache.mkdir(parents=True)
    (cache / "source.txt").write_bytes(b"half")
    get_file(origin=source.as_uri(), file_hash=hash_file(source, algorithm).upper())
    assert (cache / "source.txt").read_bytes() == TEXT
    assert "incomplete or outdated" in capsys.readouterr().out
    get_file(origin=source.as_uri(), md5_hash=hash_file(source, "md5"))
    assert capsys.readouterr().out == ""


def test_a_download_with_a_wrong_hash_leaves_what_was_there(source, cache):
    cache.mkdir(parents=True)
    (cache / "source.txt").write_bytes(b"old")
    with pytest.raises(ValueError, match="Incomplete or corrupted file detected: the auto hash"):
        get_file(origin=source.as_uri(), file_hash="0" * 64)
    assert (names(cache), (cache / "source.txt").read_bytes()) == (["source.txt"], b"old")


def test_a_failed_download_says_where_to_put_the_file(tmp_path, cache):
    origin = (tmp_path / "missing").as_uri()
    with pytest.raises(OSError, match=rf"URL fetch failure on {origin}: .* put it at {cache}/missing"):
        get_file(origin=origin)
    assert names(cache) == []


class Response(io.BytesIO):
    headers = {"Content-Length": "100"}


def test_a_download_that_breaks_off_is_an_error(monkeypatch, cache):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: Response(b"x" * 40))
    with pytest.raises(OSError, match="40 of 100 bytes came"):
        get_file(origin="http://example.org/file")
    assert names(cache) == []


def test_a_download_that_is_interrupted_leaves_nothing(monkeypatch, cache):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(urllib.request, "urlopen", interrupt)
    with pytest.raises(KeyboardInterrupt):
        get_file(origin="http://example.org/file")
    assert names(cache) == []


def test_a_cache_that_cannot_be_written_is_named(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"can't be written: .* Set the environment's KERAS_HOME"):
        get_file(origin=source.as_uri(), cache_dir=tmp_path / "file")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, 'specify the "origin"'),
        ({"origin": "http://example.org/"}, "Can't parse the file name"),
        ({"origin": "http://example.org/a/.."}, "Can't parse the file name"),
        ({"origin": "http://example.org/a", "fname": "../a"}, "Paths are no longer accepted as the `fname`"),
        ({"origin": "http://example.org/a", "fname": ".."}, "Can't parse the file name"),
    ],
)
def test_names_that_are_refused(args, message):
    with pytest.raises(ValueError, match=message):
        get_file(**args)


def test_archives_are_unpacked_where_keras_does(tmp_path, cache):
    archive = tar(tmp_path / "a.tar.gz", ("inner/x.txt", TEXT))
    assert get_file("flowers", archive.as_uri(), extract=True) == str(cache / "flowers")
    assert get_file("flowers.tar.gz", archive.as_uri(), untar=True) == str(cache / "flowers_extracted")
    assert get_file(origin=archive.as_uri(), extract=True) == str(cache / "a.tar.gz")
    for folder in ("flowers", "flowers_extracted", "a.tar.gz"):
        assert (cache / folder / "inner" / "x.txt").read_bytes() == TEXT
    zipped = tmp_path / "b.zip"
    with zipfile.ZipFile(zipped, "w") as file:
        file.writestr("y.txt", TEXT)
        file.writestr("../z.txt", TEXT)
    with pytest.warns(UserWarning, match=r"Skipping invalid path during archive extraction: '\.\./z.txt'"):
        folder = get_file(origin=zipped.as_uri(), extract=True)
    assert names(folder) == ["y.txt"]


def test_what_is_missing_is_unpacked_again_and_what_else_is_there_stays(tmp_path, cache):
    archive = tar(tmp_path / "a.tar", ("x.txt", TEXT), ("y.txt", TEXT))
    folder = cache / "a"
    get_file("a", archive.as_uri(), extract=True)
    (folder / "mine").write_text("kept")
    (folder / "y.txt").write_bytes(b"half")
    written = (folder / "x.txt").stat().st_mtime_ns
    get_file("a", archive.as_uri(), extract=True)
    assert names(folder) == ["mine", "x.txt", "y.txt"]
    assert (folder / "y.txt").read_bytes() == TEXT
    written = (folder / "x.txt").stat().st_mtime_ns
    get_file("a", archive.as_uri(), extract=True)
    assert (folder / "x.txt").stat().st_mtime_ns == written  # nothing was missing


def test_nothing_lands_outside_and_links_become_copies(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = tar(
        tmp_path / "evil.tar",
        ("ok.txt", TEXT),
        ("../up.txt", b"x"),
        (str(outside / "absolute.txt"), b"x"),
        ("link", tarfile.SYMTYPE, "ok.txt"),
        ("hard", tarfile.LNKTYPE, "ok.txt"),
        ("passwd", tarfile.SYMTYPE, "/etc/passwd"),
        ("circle", tarfile.SYMTYPE, "circle"),
        ("pipe", tarfile.FIFOTYPE, ""),
        ("way", tarfile.SYMTYPE, str(outside)),
        ("way/through.txt", b"x"),
    )
    with pytest.warns(UserWarning, match="Skipping invalid path") as skipped:
        assert extract_archive(archive, tmp_path / "in")
    told = [str(w.message).split("'")[1] for w in skipped]
    assert told == ["../up.txt", str(outside / "absolute.txt"), "passwd", "circle", "pipe", "way"]
    assert names(tmp_path / "in") == ["hard", "link", "ok.txt", "way/through.txt"]
    assert not any((tmp_path / "in" / name).is_symlink() for name in ("hard", "link", "way"))
    assert (tmp_path / "in" / "link").read_bytes() == TEXT
    assert list(outside.iterdir()) == []
    assert not (tmp_path / "up.txt").exists()


def test_an_interrupted_extraction_leaves_no_folder(tmp_path, monkeypatch):
    archive = tar(tmp_path / "a.tar", ("x.txt", TEXT), ("y.txt", TEXT))

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfileobj", interrupt)
    with pytest.raises(KeyboardInterrupt):
        extract_archive(archive, tmp_path / "in")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar"]


def test_what_is_no_archive_is_told(source):
    with pytest.warns(UserWarning, match="Could not extract archive .* neither tar nor zip"):
        get_file("text", source.as_uri(), extract=True)
    assert not extract_archive(source, "nowhere", None)
    with pytest.raises(ValueError, match="`archive_format` must be one of"):
        extract_archive(source, "nowhere", "rar")
