"""What tests of loops share."""

import signal

import pytest


@pytest.fixture
def python_handles_ctrl_c():
    """A shell may start the tests with the interrupt ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
