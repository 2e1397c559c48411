from jaxnn.wrappers.classifier import SKLearnClassifier as SKLearnClassifier
from jaxnn.wrappers.regressor import SKLearnRegressor as SKLearnRegressor
from jaxnn.wrappers.transformer import SKLearnTransformer as SKLearnTransformer
