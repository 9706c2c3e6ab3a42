"""The generative processes: GMRF priors and one family of models a file."""
