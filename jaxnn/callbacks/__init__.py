"""What runs at the events of `fit`, `evaluate` and `predict`. One callback per file."""

from jaxnn.callbacks.callback import Callback
from jaxnn.callbacks.callback_list import CallbackList
from jaxnn.callbacks.csv_logger import CSVLogger
from jaxnn.callbacks.early_stopping import EarlyStopping
from jaxnn.callbacks.history import History
from jaxnn.callbacks.lambda_callback import LambdaCallback
from jaxnn.callbacks.learning_rate_scheduler import LearningRateScheduler
from jaxnn.callbacks.progbar_logger import ProgbarLogger
from jaxnn.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from jaxnn.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
