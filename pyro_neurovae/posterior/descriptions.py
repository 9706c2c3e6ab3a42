"""What the variables of a fit's InferenceData are: long names, units, and notes on groups."""

from __future__ import annotations

__all__ = ["NOTES", "UNTOLD", "described"]

# Stands for the unit of the maps where it is not known, or each has its own.
UNTOLD = "unit of the map"
_NONE, _NATS, _SD = "1", "nats", "sd of expression"
_MAP = "MAP"  # the unit of the maps

# Variable to long name and unit.
_VARIABLES = {
    "thinning": ("effect on cortical thickness, negative where thinner", _MAP),
    "predictable": ("part of the effect that programs and fields give", _MAP),
    "regional": ("part of the effect that is a region's own", _MAP),
    "transcriptomic": ("part of the effect that goes with expression", _MAP),
    "spatial": ("part of the effect that is smooth over the cortex", _MAP),
    "structural": ("part of the effect along the axes of healthy variation", _MAP),
    "intercept": ("mean of the map", _MAP),
    "structural_axis": ("amount of the main axis of healthy variation in the map", _MAP),
    "transcriptomic_scale": ("standard deviation of the transcriptomic part", _MAP),
    "spatial_scale": ("standard deviation of the spatial part", _MAP),
    "structural_scale": ("standard deviation of the structural part", _MAP),
    "unexplained_scale": ("standard deviation of what is a region's own", _MAP),
    "gene_weight": ("slope of the transcriptomic part on a gene", f"{_MAP} per {_SD}"),
    "program_weight": ("effect of one standard deviation of a program", _MAP),
    "program_score": ("score of a region on a program, as it was drawn", _NONE),
    "strength": ("strength of a program, as it was drawn", _SD),
    "smoothness": ("share of a program's variance that is smooth over the cortex", _NONE),
    "expression_noise": ("standard deviation of what programs leave of a gene", _SD),
    "homologue_sharing": ("how far thinning sees a program's mean over homologues", _NONE),
    "variance_share": ("share of the map's variance", _NONE),
    "region_share": ("share of a region's squared deviation from the map's mean", _NONE),
    "standard_error": ("standard error of the observed effect", _MAP),
    "covariance": ("covariance of the sampling errors", f"{_MAP} squared"),
    "expression": ("expression as it was given", "as given"),
    "adjacency": ("weight of the edge between two regions", _NONE),
    "centroids": ("position of a region", "mm"),
    "sphere": ("position of a region on the unit sphere", _NONE),
    "structure": ("correlation of thickness across people", _NONE),
    "spread_share": ("share of the squared error that comes from estimating an sd", _NONE),
    "loss": ("negative evidence lower bound at each step", _NATS),
    "elbo_drift": ("gain of the ELBO over the last tenth of training", _NATS),
    "elbo_drift_se": ("standard error of that gain", _NATS),
    "log_p": ("log of the joint density at the draw", _NATS),
    "log_q": ("log of the guide's density at the draw", _NATS),
    "log_evidence": ("log of the map's evidence given a draw of the programs", _NATS),
    "importance_k": ("Pareto k of the importance ratios", _NONE),
    "programs_k": ("Pareto k of the weights of programs", _NONE),
    "programs_ess": ("effective number of draws of programs", _NONE),
    "loo_pit": ("distribution function of a value given the others", _NONE),
}
# Groups whose variables are densities of what the names say.
_DENSITIES = {"log_likelihood": "log density of the value", "log_prior": "log prior density"}

NOTES = {
    "log_likelihood": "Log density of each value given the other values of its map, as loo and compare take it. Its "
    "sum is no joint density, so that psens of component likelihood differs here from pyro_neurovae.sensitivity, which "
    "raises the density of a map's values given the predictable part; pyro_neurovae.psens_data(fit, map) holds that "
    "density, and psens of it gives the same.",
    "log_prior": "Log prior density of each parameter. pyro_neurovae.sensitivity raises them in groups: scales (all "
    "that end in _scale), strengths (strength and expression_noise), smoothness (by the distance from independence). "
    "psens of one map (Fit.map_idata) with component_var_names of scales or strengths gives the same; "
    "pyro_neurovae.psens_data(fit, map) holds each group as one variable. The groups weights and field are no power of "
    "a density: a power of the standard normal weights that a scale multiplies changes that scale's prior.",
}


def described(group: str, name: str, unit: str) -> dict[str, str]:
    """Return ``long_name`` and ``units`` of a variable of a group; nothing for one that is not known.

    Parameters
    ----------
    group, name
        Of the variable.
    unit
        Unit of the maps.
    """
    if name not in _VARIABLES:
        return {}
    told, own = _VARIABLES[name]
    if group in _DENSITIES:
        return {"long_name": f"{_DENSITIES[group]}: {told}", "units": _NATS}
    if name == "thinning" and group not in ("posterior", "prior"):
        told = "observed effect" if group in ("observed_data", "constant_data") else "effect observed anew, with errors"
    return {"long_name": told, "units": own.replace(_MAP, unit)}
