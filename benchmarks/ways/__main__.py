"""`python -m benchmarks.ways`: every choice of `jaxnn/core/ways.py`, each way beside the others, in about a minute."""

from benchmarks.timing import table
from benchmarks.ways import recurrence

if __name__ == "__main__":
    for family in (recurrence,):
        for result in family.contests():
            print(table(result), end="\n\n")
