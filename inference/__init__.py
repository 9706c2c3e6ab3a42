"""Guides, the one training loop, exact Gaussian algebra, and the methods by which a posterior is found."""
