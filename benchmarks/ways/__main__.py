"""`python -m benchmarks.ways`: every choice of `jaxnn/core/ways.py`, each way beside the others, in one or two minutes."""

from benchmarks.timing import table
from benchmarks.ways import convolution, recurrence

if __name__ == "__main__":
    for family in (recurrence, convolution):
        for result in family.contests():
            print(table(result), end="\n\n")
