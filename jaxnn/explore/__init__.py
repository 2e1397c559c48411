"""See inside: figures of a model, its data and its training, with the numbers behind them and a finding in a sentence.

    from jaxnn import explore

    explore.gradients(model, x, y)         "Layer 1 gets a millionth of layer 6's gradient: it vanishes on its way to the input."

Each function returns an `Exploration`: `.data` as plain arrays, `.figure`, `.finding`, `.save(path)`; a notebook shows figure
and sentence. (`p_value` gives a number.) Everything is computed by pure functions on a copy: weights, optimiser, seeds and
compiled programs of the model stay as they are. The figures need matplotlib: `pip install jaxnn[notebooks]`.
"""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
