"""Models as scikit-learn's estimators. scikit-learn is imported when one of the names is first asked for."""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
