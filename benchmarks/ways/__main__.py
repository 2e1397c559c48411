"""`python -m benchmarks.ways [family ...]`: every choice of `jaxnn/core/ways.py`, each way beside the others, and what watching costs.

All families take about a quarter of an hour.
"""

import argparse

from benchmarks.timing import table
from benchmarks.ways import attention, convolution, loop, recurrence, small_products, watching

FAMILIES = {m.__name__.split(".")[-1]: m for m in (loop, watching, recurrence, convolution, attention, small_products)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ways", description="Measures each way beside the others."
    )
    parser.add_argument(
        "families", nargs="*", choices=[*FAMILIES, []], help=f"of {', '.join(FAMILIES)}; all by default"
    )
    for name in parser.parse_args().families or FAMILIES:
        for result in FAMILIES[name].contests():
            print(table(result), end="\n\n", flush=True)
