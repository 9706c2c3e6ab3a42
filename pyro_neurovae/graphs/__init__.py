"""Regions joined to a graph: where it comes from, its folds and its null maps."""
