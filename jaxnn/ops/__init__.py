"""`keras.ops`: pure functions of arrays, a file per family.

Every operation takes arrays, numbers, nested lists and Variables, and gives arrays; on KerasTensors it records a node
and gives KerasTensors. dtypes promote as in JAX; everything has 32 bits unless `jax_enable_x64` is set. Images are in
`ops.image`.

Source: https://keras.io/api/ops/
"""

from jaxnn.core import lazy

lazy.attach(__name__)  # the names stand in the stub beside this file
