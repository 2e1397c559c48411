"""The one exception that the command line turns into a sentence."""


class UsageError(Exception):
    """What the caller wrote can't be done: printed as it is, without a traceback, and the exit code is 2."""
