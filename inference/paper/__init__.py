"""Guide and training of the paper's model."""
