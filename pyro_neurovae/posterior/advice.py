"""What to do when a check of a fit fails."""

from __future__ import annotations

__all__ = ["ADVICE"]

# Check to what to do when it fails, in the order of the table.
ADVICE = {
    "moran": "Residuals of neighbouring regions are alike more, or less, than the model says: use a model with a "
    "spatial part (cross-scale), or another graph.",
    "spread": "Residuals larger than replicated mean that standard errors are too small, or that errors correlate less "
    "than assumed; smaller ones, that standard errors are too large, or that errors correlate more than assumed: check "
    "both, and report no intervals until then.",
    "extremes": "A largest residual above the replicated ones is that of a region which differs from its prediction by "
    "more than its errors and its own part allow: find where the predictable part (fit.regions()) misses the observed "
    "value most, and check that value and its standard error. One below them means that standard errors are too large, "
    "or that errors correlate more than assumed.",
    "asymmetry": "One hemisphere is thinner throughout than the model expects: look for a difference in how the "
    "hemispheres were processed; if it is real, fit each as a study of its own.",
    "expression_pc1": "What the model leaves of the map follows the main axis of expression: use cross-scale, with "
    "more programs (n_programs).",
    "expression": "Regions of similar expression keep similar residuals, so that the transcriptomic part misses "
    "something: use cross-scale, with more programs (n_programs).",
    "loo_pit": "Predictions of left-out regions are shifted, too narrow or too wide: compare models by nv.validate, "
    "and check values and standard errors.",
    "draws": "The drawn effects are not as wide as their exact distribution given the scales, so intervals are wrong: "
    'fit again, or use method="nuts".',
    "sampling_error": "What is a region's own exceeds the sampling error: check that standard errors are not "
    "understated and regions are labelled rightly; if both hold, programs and fields lack what moves this map.",
    "importance_k": "The guide misses part of the posterior of the map's scales: raise map_rounds and proposals, or "
    'use method="nuts".',
    "rhat": "Chains disagree on the effects: raise steps and map_rounds (warm_up for nuts).",
    "ess": "The ends of intervals rest on too few effective draws: raise draws.",
    "programs_k": "The maps say more of the programs than draws made from expression alone can hold, so that programs "
    'stay as expression has them: raise draws and program_proposals, or use method="nuts".',
    "graph": "Expression is no smoother along the graph than with its labels shuffled: check that the graph's labels "
    "are in the order of its rows.",
}
