"""Guide, training and draws of a map's own scales."""
