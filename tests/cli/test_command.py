"""The command as a process of its own; what it does is tested through `main`."""

import gc
import subprocess
import sys

import pytest

from jaxnn import __main__ as module


def test_python_m_jaxnn_is_the_command():
    run = subprocess.run([sys.executable, "-m", "jaxnn", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("jaxnn ")


def test_it_exits_with_mains_code_and_only_it_touches_the_garbage_collector(monkeypatch):
    assert gc.get_freeze_count() == 0  # after all that the tests imported
    monkeypatch.setattr(module, "main", lambda: 2)
    try:
        with pytest.raises(SystemExit) as done:
            module.command()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
    assert done.value.code == 2
