"""Guides, the one training loop, exact Gaussian algebra, and the methods by which a posterior is found.

**Guides are functions of numbers drawn before.** A guide takes its standard normal numbers as an argument
(`programs.guide.ProgramNoise`, `scales.guide.ScaleNoise`, `paper.guide.PaperNoise`) and says at each site where they
lead and with what density (a `Delta` with a log density). Each replicate has generators of its own
(`noise.NoiseStreams`), so that a batch of folds, restarts or null maps draws what each fit alone would draw, in
whatever chunks and threads; the same seed gives the same numbers, on every device; and the caller's random state is
neither used nor changed.

**The training loop is the package's own** (`training.train`, with `elbo.ReplicateELBO`) and not `pyro.infer.SVI`, for
three reasons: SVI keeps parameters in Pyro's global store, which belongs to the caller; it sums the loss, where each
replicate's own ELBO is wanted to judge whether it has settled and to stop it; and a batch of fits has to give each the
numbers of that fit alone, which one optimiser over parameters with a replicate dimension does.

What is Pyro's stays Pyro's: the families are Pyro models, and `pyro.infer.Predictive`, ``AutoNormal`` with ``SVI`` and
Pyro's own ``NUTS`` run on them (`tests/models/test_linear.py` keeps that true).

`methods` lists the methods; `engine` runs one; ``programs/``, ``scales/``, ``nuts/`` and ``paper/`` hold their parts.
"""
