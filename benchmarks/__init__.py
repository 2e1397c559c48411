"""Benchmarks: jaxnn beside Keras and hand-written JAX, as ratios within one run. README.md says how each is made fair."""
