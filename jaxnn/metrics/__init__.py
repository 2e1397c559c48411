"""What training reports. A metric keeps totals over batches; its function, if it has one, gives one value per prediction.

`metrics=["accuracy"]` in `compile` is resolved from the shapes of targets and predictions; other names as here.
"""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
