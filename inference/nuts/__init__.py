"""NUTS on the linear families: density, coordinates and sampler."""
