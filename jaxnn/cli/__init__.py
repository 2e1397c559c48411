"""The command `jaxnn`: what can be done without writing Python.

A subcommand is a module with `add(commands)`, which declares its arguments, and `run(args)`, which does the work and
returns the exit code: 0 when it is done, 2 for what can't be done as written, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from jaxnn.cli import train
from jaxnn.cli.errors import UsageError
from jaxnn.version import __version__

_COMMANDS = (train,)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        argv: the words after `jaxnn`; those of the process if None.

    Example:
        >>> main(["--version"])
        jaxnn 0.1.0
        0
    """
    try:
        args = _parser().parse_args(argv)
        return args.run(args)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\njaxnn: stopped by Ctrl-C.", file=sys.stderr)
        return 130
    except SystemExit as done:  # argparse has printed the help or the version
        return int(done.code or 0)


class _Parser(argparse.ArgumentParser):
    """argparse, whose complaint is a sentence without the usage block."""

    def error(self, message: str) -> None:
        raise UsageError(f"{self.prog}: {message}. See `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="jaxnn", description="Keras-compatible neural networks on JAX, from the command line.")
    parser.add_argument("--version", action="version", version=f"jaxnn {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return parser
