"""`keras.ops.linalg`: decompositions, inverses, norms, equations. This file only lists them."""
# ruff: noqa: F401

from jaxnn.ops.matrices import cholesky, det, eigh, inv, lstsq, norm, qr, solve, solve_triangular, svd
