"""Which of several ways to compute the same thing is fastest on a platform. `python -m benchmarks.ways` measures again."""

from __future__ import annotations

from typing import NamedTuple


class Ways(NamedTuple):
    """One field a choice."""

    chunk_seconds: float  # how long a part of an epoch runs as one call
    recurrence: str  # "inputs in the loop" or "inputs first"
    steps_written_out: int  # loops over up to so many time steps are written out to be differentiated
    convolution: str  # "patches" or "xla"
    depthwise: str  # "slices" or "xla"
    pooling: str  # "slices" or "xla"
    attention: str  # "heads together" or "jax"
    small_products: str  # "written out" or "xla"


def ways(platform: str) -> Ways:
    """The fastest ways on "cpu", "gpu" or "tpu". The figures are medians, or ranges of medians, on two cores.

    - chunk_seconds: an epoch on arrays is one program with traced bounds, called once, or for parts of about this length, so
      that the bar moves and Ctrl-C is heard. A step a call takes 11 times as long for the documents' binary network,
      1.1 times for 784-512-512-10, 1.3 times for a small CNN, whose memory is new in every call. Sixteen calls an epoch of
      1.7 ms take 1.3 times as long, hence parts of a hundred times that (these on four cores).
    - recurrence: whether an LSTM, a GRU or a SimpleRNN multiplies its inputs with the kernel step by step, inside the loop
      over time, or for all steps before it. On a CPU a product too small for all cores is as fast in the loop, where its
      result is still in the cache: before the loop a step takes 0.95 to 1.17 times as long. Elsewhere a loop's step costs
      its launches, so fewer products in it are better (not measured yet). In either case the kernels' gradients are one
      product each; JAX's own derivative, which adds them up step by step, takes 0.99 to 1.2 times as long for an LSTM
      (0.83 to 1.15 for 64 units and a batch of 32, on two cores), 0.96 to 0.99 times for a GRU, 0.97 to 1.43 times for a
      SimpleRNN (these and the next on one core).
    - steps_written_out: how many time steps a loop may have to be written out when it is differentiated. A step of 6 of them
      takes 0.73 to 0.79 times as long, and compiles about a second longer, once; of 20 it takes 0.84 times as long for a
      SimpleRNN, 1.5 times for an LSTM and 3.3 times for a GRU.
    - convolution: how one that is differentiated is computed: by XLA's convolution, or as a product of the kernel with the
      matrix of patches, of which a large batch makes a block at a time. On a CPU the gradients of XLA's convolution
      leave its fast path inside a loop: a step takes 8 to 70 times as long as with patches (jax issue 12868). Called step
      by step, on that fast path, XLA's take 1.15 to 3.3 times as long as patches in the loop, for images of 13 to 32
      pixels, 1 to 64 channels and windows up to 7, and 0.8 to 1.35 times for two images of 56 pixels and 64 channels.
      Patches are as fast in the loop as step by step (0.94 to 1.4), so an epoch stays one program. Values that nobody
      differentiates take 0.5 to 1.6 times as long by XLA, in a loop or not; they stay with it, since it needs no room
      for patches and gives Keras's bits. Transposed convolutions go the patches' way
      back: by XLA a step takes 10 to 17 times as long in a loop, 7 to 10 times step by step. Groups have a product each: by
      XLA a step takes 8 to 78 times as long in a loop, 11 to 80 times step by step.
    - depthwise: how a convolution with one channel a group is computed: by XLA's convolution, or as a sum over the window's
      entries, each times a slice of the inputs. On a CPU a step by XLA takes 2.4 to 700 times as long in a loop and 13 to
      99 times step by step, values alone 3.5 to 3.8 times. They are the same to rounding, not bit by bit.
    - pooling: how windows of up to nine entries are pooled: by XLA's windows, or from a strided slice for each of their
      entries. XLA's gradient goes through each window entry by entry: 3.1 to 6.9 times as long. A chain of `maximum`,
      which shares the gradient where several numbers are the largest, takes 0.8 times as long for windows side by side,
      1.2 times for others.
    - attention: whether heads attend in one product each for scores and sums, or by `jax.nn.dot_product_attention`, which
      maps over groups of heads even where each has one. By it a training step takes 1.1 to 2.4 times as long on a CPU, the
      more the longer the sequences are; the values are the same bits.
    - small_products: whether products of small matrices inside a loop are a library's, or written out as sums
      (`training/small_products.py`). On a CPU a training step of two layers of 8, 16, 24 or 32 units and batches of 16 or 32
      takes 2.1, 2.0 to 2.2, 1.7 and 1.1 to 1.5 times as long by XLA's libraries, 1.4 times for 16 units and a batch of 64
      (these on four cores); on CPUs with AVX-512 the values are nearly always the same bits. The program compiles longer.
    """
    if platform == "cpu":
        return Ways(
            0.15,
            recurrence="inputs in the loop",
            steps_written_out=6,
            convolution="patches",
            depthwise="slices",
            pooling="slices",
            attention="heads together",
            small_products="written out",
        )
    return Ways(
        0.15,
        recurrence="inputs first",
        steps_written_out=0,
        convolution="xla",
        depthwise="xla",
        pooling="xla",
        attention="jax",
        small_products="xla",
    )
