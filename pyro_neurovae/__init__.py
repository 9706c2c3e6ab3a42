"""Posterior of the gene-expression programs that go with cortical thinning."""
