"""Variational inference, exact Gaussian algebra and diagnostics."""
