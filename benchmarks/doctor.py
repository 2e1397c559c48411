"""What the checks before step 1 cost: `python -m benchmarks.doctor`.

Against an epoch on 100,000 rows of 8 columns at batch 32, the smallest of the documents' networks, they shall take less than
2 %, and less than 20 ms on anything smaller. The checks' time is the best of 20; the epoch's the best of 5.
"""

from __future__ import annotations

import time

import numpy as np

import jaxnn as keras
from jaxnn import doctor, layers

SIZES = {"rain, 1,000 x 8": (1000, 8), "100,000 x 8": (100_000, 8), "10,000 x 784": (10_000, 784)}


def best(function, times: int) -> float:
    """The least time of some calls, in seconds."""
    spans = []
    for _ in range(times):
        begun = time.perf_counter()
        function()
        spans.append(time.perf_counter() - begun)
    return min(spans)


def main() -> None:
    """Prints a row a size."""
    print(f"{'data':>16} {'old checks':>11} {'all checks':>11} {'epoch':>9} {'share':>7}")
    for name, (rows, columns) in SIZES.items():
        rng = np.random.default_rng(0)
        x = rng.normal(size=(rows, columns)).astype("float32")
        y = (x[:, :1] > 0).astype("float32")
        model = keras.Sequential(
            [
                keras.Input((columns,)),
                layers.Dense(16, "sigmoid"),
                layers.Dense(16, "sigmoid"),
                layers.Dense(1, "sigmoid"),
            ]
        )
        model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
        epoch = best(lambda m=model, x=x, y=y: m.fit(x, y, verbose=0), 5)
        look = best(lambda m=model, x=x, y=y: doctor.check_data(m, "fit", (x, y, None), doctor.Given(32)), 20)
        old = best(lambda m=model, x=x, y=y: doctor.check_data(m, "evaluate", (x, y, None)), 20)
        print(f"{name:>16} {1e3 * old:8.2f} ms {1e3 * look:8.2f} ms {1e3 * epoch:6.1f} ms {look / epoch:7.2%}")


if __name__ == "__main__":
    main()
