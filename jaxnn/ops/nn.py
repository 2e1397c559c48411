"""`keras.ops.nn`: activations, cross-entropies, normalisations, attention. This file only lists them."""
# ruff: noqa: F401

from jaxnn.ops.activation import (
    celu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    swish,
    tanh_shrink,
    threshold,
)
from jaxnn.ops.attention import dot_product_attention
from jaxnn.ops.convolution import conv
from jaxnn.ops.crossentropy import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from jaxnn.ops.encoding import multi_hot, one_hot
from jaxnn.ops.normalize import batch_normalization, layer_normalization, moments, normalize, rms_normalization
from jaxnn.ops.pooling import average_pool, max_pool
