"""`python -m jaxnn` is the command `jaxnn`."""

import gc
import sys
from typing import NoReturn

from jaxnn.cli import main


def command() -> NoReturn:
    """The command as a process: what it made is left to the system at the end, where Python would search it for cycles."""
    gc.freeze()  # what the imports made stays till the end
    code = main()
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    command()
