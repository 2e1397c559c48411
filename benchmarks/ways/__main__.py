"""`python -m benchmarks.ways [family ...]`: every choice of `jaxnn/core/ways.py`, each way beside the others, and what watching costs."""

from __future__ import annotations

import argparse

from benchmarks.timing import table
from benchmarks.ways import attention, convolution, loop, recurrence, small_products, watching

FAMILIES = {
    "loop": loop,
    "watching": watching,
    "recurrence": recurrence,
    "convolution": convolution,
    "attention": attention,
    "small-products": small_products,
}


def main(arguments: list[str] | None = None) -> None:
    """Prints the tables of the chosen families, or of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ways", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="family", help=f"of: {', '.join(FAMILIES)}; all by default")
    chosen = parser.parse_args(arguments).families or list(FAMILIES)
    if unknown := [name for name in chosen if name not in FAMILIES]:
        parser.error(f"there is no family {', '.join(unknown)}: choose from {', '.join(FAMILIES)}")
    for name in chosen:
        for result in FAMILIES[name].contests():
            print(table(result), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
