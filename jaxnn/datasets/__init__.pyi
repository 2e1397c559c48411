from jaxnn.datasets import rain as rain
