"""The layers. One family a file; each says its equation, its shapes and where it comes from."""

from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from jaxnn.layers.activity_regularization import ActivityRegularization
from jaxnn.layers.batch_normalization import BatchNormalization
from jaxnn.layers.concatenate import Concatenate, concatenate
from jaxnn.layers.convolution import (
    Conv1D,
    Conv2D,
    Conv3D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
)
from jaxnn.layers.dense import Dense
from jaxnn.layers.dot import Dot, dot
from jaxnn.layers.dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from jaxnn.layers.einsum_dense import EinsumDense
from jaxnn.layers.embedding import Embedding
from jaxnn.layers.identity import Identity
from jaxnn.layers.input_layer import Input, InputLayer
from jaxnn.layers.lambda_layer import Lambda
from jaxnn.layers.lstm import LSTM, LSTMCell
from jaxnn.layers.masking import Masking
from jaxnn.layers.maxout import Maxout
from jaxnn.layers.merge import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from jaxnn.layers.noise import AlphaDropout, GaussianDropout, GaussianNoise
from jaxnn.layers.normalization import GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization
from jaxnn.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from jaxnn.layers.prelu import PReLU
from jaxnn.layers.recurrent import RNN, StackedRNNCells
from jaxnn.layers.reshape import Flatten, Permute, RepeatVector, Reshape
from jaxnn.layers.serialization import deserialize, serialize
from jaxnn.layers.wrapper import Wrapper

__all__ = [
    "ELU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "Dense",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Maxout",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StackedRNNCells",
    "Subtract",
    "UnitNormalization",
    "Wrapper",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
