"""The model of a fit in words, equations and a table of its priors."""

from __future__ import annotations

from dataclasses import fields
from html import escape

import pandas as pd

from ..models.settings import FitSettings, PCPrior
from .elements import Section, paragraph, plain_table

__all__ = ["EQUATIONS", "MODEL_WORDS", "model_section", "prior_table"]

MODEL_WORDS = {
    "cross-scale": "Expression and thinning are both generated from spatially smooth programs: a Gaussian Markov "
    "random field over the cortex is the prior of each. A gene is a mixture of programs and noise; a map is a mixture "
    "of the "
    "same "
    "programs, a smooth field of its own that expression does not explain, and noise on top of the known sampling "
    "error.",
    "expression": "Thinning is a linear function of the expression of all genes (Bayesian ridge regression), plus "
    "noise on "
    "top of the known sampling error. There is no spatial part.",
    "spatial": "Thinning is a smooth field over the cortex plus noise on top of the known sampling error. Expression "
    "does not "
    "enter.",
    "paper": "A latent field with a Gaussian Markov random field prior in each of its dimensions is decoded, region by "
    "region, "
    "by a perceptron into thinning; its guide is a graph neural network that sees expression (arXiv:2606.05870 read as "
    "a "
    "generative model).",
    "stacked": "The posteriors of several models are mixed by how well each predicts regions that it has not seen.",
}

EQUATIONS = {
    "cross-scale": """z_k ~ GMRF(phi_k)                                          program k over the regions
x_j = sum_k s_k a_jk z_k + mean_j + tau e                   expression of gene j
y_m = a_m + c_m sum_k b_mk s_k H z_k / |s| + t_m u_m + e_m  thinning of map m
a_jk, b_mk ~ N(0, 1)    u_m ~ GMRF    e_m ~ N(0, V_m + sigma_m^2 I)
V_m: the map's known sampling covariance   H: homologues moved towards their mean""",
    "expression": """y_m = a_m + c_m X w_m / sqrt(g) + e_m    w_m ~ N(0, I)
e_m ~ N(0, V_m + sigma_m^2 I)            V_m: the map's known sampling covariance""",
    "spatial": """y_m = a_m + t_m u_m + e_m    u_m ~ GMRF
e_m ~ N(0, V_m + sigma_m^2 I)  V_m: the map's known sampling covariance""",
    "paper": """z_d ~ N(0, (I + 2 lambda L)^-1)   latent dimension d, L the graph's Laplacian
y_i ~ N(f(z_i), sigma^2 + se_i^2)  f: a perceptron""",
    "stacked": "p(y) = sum_m w_m p_m(y)    w: stacking weights of held-out predictions",
}

_MEANING = {
    "smoothness": "smoothness phi of a program",
    "strength": "strength s of a program",
    "expression_noise": "sd tau of what programs leave of a gene",
    "transcriptomic_scale": "sd c of the transcriptomic part, in sds of the map",
    "spatial_scale": "sd t of the spatial part, in sds of the map",
    "unexplained_scale": "sd sigma of the unexplained part, in sds of the map",
    "lam": "weight lambda of the smoothness penalty",
}


def prior_table(settings: FitSettings) -> pd.DataFrame:
    """List the priors and fixed settings of the family: parameter, prior, meaning."""
    rows = []
    for one in fields(settings.family):
        value = getattr(settings.family, one.name)
        if isinstance(value, PCPrior):
            sign = "<" if one.name == "smoothness" else ">"
            told = f"penalised complexity: P(value {sign} {value.upper:g}) = {value.alpha:g}"
        else:
            told = f"set to {', '.join(map(str, value)) if isinstance(value, tuple) else value}"
        rows.append({"parameter": one.name, "prior": told, "meaning": _MEANING.get(one.name, "")})
    return pd.DataFrame(rows)


def model_section(settings: FitSettings) -> Section:
    """Return the section on model and priors."""
    body = paragraph(MODEL_WORDS[settings.model])
    equations = escape(EQUATIONS[settings.model])
    body += f'<pre aria-label="Equations of the model {settings.model}">{equations}</pre>'
    body += plain_table(prior_table(settings), caption="Priors and fixed settings")
    return Section("model", "Model and priors", body)
