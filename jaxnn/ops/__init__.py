"""`keras.ops`: pure functions of arrays, a file per family.

Every operation takes arrays, numbers, nested lists and Variables, and gives arrays; on KerasTensors it records a node
and gives KerasTensors. dtypes promote as in JAX; everything has 32 bits unless `jax_enable_x64` is set.

Convolution, pooling, CTC, Fourier transforms and images are not here yet.

Source: https://keras.io/api/ops/
"""
# ruff: noqa: F401

from jaxnn.core.graph import is_tensor
from jaxnn.core.naming import name_scope
from jaxnn.ops import linalg, nn, numpy
from jaxnn.ops.control import (
    associative_scan,
    cond,
    custom_gradient,
    fori_loop,
    map,
    scan,
    stop_gradient,
    switch,
    vectorized_map,
    while_loop,
)
from jaxnn.ops.core import (
    cast,
    convert_to_numpy,
    convert_to_tensor,
    dtype,
    saturate_cast,
    scatter,
    scatter_update,
    shape,
    slice,
    slice_update,
    unstack,
)
from jaxnn.ops.dense import dense
from jaxnn.ops.elementwise import erf, erfinv, rsqrt
from jaxnn.ops.linalg import *
from jaxnn.ops.matrices import logdet
from jaxnn.ops.nn import *
from jaxnn.ops.numpy import *
from jaxnn.ops.reductions import logsumexp, segment_max, segment_sum
from jaxnn.ops.shaping import rearrange
from jaxnn.ops.sorting import in_top_k, top_k
