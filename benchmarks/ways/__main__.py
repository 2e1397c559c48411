"""`python -m benchmarks.ways`: every choice of `jaxnn/core/ways.py`, each way beside the others, in two or three minutes."""

from benchmarks.timing import table
from benchmarks.ways import attention, convolution, loop, recurrence, small_products

if __name__ == "__main__":
    for family in (loop, recurrence, convolution, attention, small_products):
        for result in family.contests():
            print(table(result), end="\n\n")
