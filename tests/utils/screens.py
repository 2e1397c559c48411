"""Places to print to: a terminal that keeps what it shows, a notebook, a file; and a clock that a test winds."""

import io


class Terminal(io.StringIO):
    """Standard output on a terminal. `rows(columns)` is what a reader sees, line breaks of a narrow window included."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def rows(self, columns):
        rows, row, column = [""], 0, 0
        text = without_colours(self.getvalue())
        for character in text:
            if character == "\r":
                column = 0
            elif character == "\n":
                rows.append("")
                row, column = row + 1, 0
            else:
                if column == columns:
                    rows.append("")
                    row, column = row + 1, 0
                rows[row] = rows[row].ljust(column)[:column] + character + rows[row][column + 1 :]
                column += 1
        return [r.rstrip() for r in rows]


class Notebook(io.StringIO):
    """Standard output of a Jupyter kernel, as far as `jaxnn` can tell. `rows()` is what the page shows."""

    def rows(self, columns=None):
        """As Jupyter does it: what follows a carriage return overwrites character by character, codes of colours too."""
        rows = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for part in line.split("\r"):
                shown = part + shown[len(part) :]
            rows.append(without_colours(shown).rstrip())
        return rows


Notebook.__module__ = "ipykernel.iostream"


class AsciiFile(io.StringIO):
    """A file that holds ASCII only."""

    encoding = "ascii"

    def write(self, text):
        text.encode("ascii")
        return super().write(text)


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self):
        self.now = 1000.0

    def time(self):
        return self.now


def without_colours(text):
    for code in ("\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"):
        text = text.replace(code, "")
    return text
