"""Keras 2's helpers, which many notes use: `ImageDataGenerator`, `Tokenizer`, `TimeseriesGenerator`, and today's loaders.

New code has better: the random layers augment inside the compiled step, `TextVectorization` and
`timeseries_dataset_from_array` do what the others do.
"""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
