"""The families that there are: what each is called, has, and is fitted by. Needs no torch.

Whoever wants to know what a model can do asks its `Family`, never its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from pyro_neurovae.errors import SettingsError

from .noise import Noise
from .settings import (
    CrossScaleSettings,
    ExpressionSettings,
    FamilySettings,
    PaperSettings,
    SpatialSettings,
    StackedSettings,
    StructuralSettings,
)
from .training_settings import ExactTraining, NutsTraining, PaperTraining, StackedTraining, Training, TrainingSettings

__all__ = ["FAMILIES", "Family", "families_that", "family_of", "register_family"]

# Parts of thinning that every table has a share of, nought in a family without them.
_PARTS = ("transcriptomic", "spatial", "structural")

# Dimensions, after chain and draw, of what the posterior of every family may hold, and of what programs add.
_MAP_DIMS: Mapping[str, tuple[str, ...]] = {
    "thinning": ("map", "region"),
    "predictable": ("map", "region"),
    "regional": ("map", "region"),
    "intercept": ("map",),
    "structural_axis": ("map",),
    "variance_share": ("map", "source"),
    "region_share": ("map", "region", "source"),
    "gene_weight": ("map", "gene"),
}
_PROGRAM_DIMS: Mapping[str, tuple[str, ...]] = {
    "program_score": ("region", "program"),
    "strength": ("program",),
    "smoothness": ("program",),
    "expression_noise": (),
    "homologue_sharing": ("map",),
    "program_weight": ("map", "program"),
}


@dataclass(frozen=True)
class Family:
    """A family of models, declared.

    Attributes
    ----------
    name
        What users call the model.
    settings
        Record of its settings.
    home
        Where its class is, "package.module:Class"; imported when a model is built, since torch takes a second.
    methods
        Name of each method that fits it to the record of that method's settings; see `inference.methods`.
    linear
        Thinning is linear and Gaussian given scales and programs, so that conditionals have a closed form.
    expression, programs, genes, graph
        Whether expression enters; whether there are programs; whether genes get weights; whether the graph enters.
    words, equations
        The model in two sentences and in formulas, for the report.
    guide
        How draws came about under method svi, for a methods section.
    loss
        What the training's loss is of.
    null
        Name of the family that is this one without expression, from which null maps are drawn; None where there is
        none.
    own_dims
        Dimensions, after chain and draw, of quantities that it has beside parts of thinning, scales and shares.
    """

    name: str
    settings: type[FamilySettings]
    home: str
    methods: Mapping[str, type[Training]]
    linear: bool
    expression: bool
    programs: bool
    genes: bool
    graph: bool
    words: str
    equations: str
    own_dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guide: str = (
        "Posterior draws came from guides in Pyro [bingham2019], that of the programs trained and that of a map's "
        "scales fitted by adaptive importance sampling, corrected by Gibbs sweeps and Pareto-smoothed importance "
        "resampling [vehtari2024]"
    )
    loss: str = "training"
    null: str | None = None

    @property
    def tests_expression(self) -> bool:
        """Whether it has a transcriptomic part of its own that null maps can test."""
        return self.linear and self.genes

    def training(self, method: str) -> type[Training]:
        """Record of a method's settings.

        Raises
        ------
        SettingsError
            For a method that no family has, or that this one does not have.
        """
        known = tuple(dict.fromkeys(name for family in FAMILIES.values() for name in family.methods))
        if method not in known:
            raise SettingsError(f"unknown method {method!r}: the known ones are {', '.join(known)}.")
        if method not in self.methods:
            how = f"{next(iter(self.methods))} only" if len(self.methods) == 1 else " or ".join(self.methods)
            raise SettingsError(f"the model {self.name} is fitted by {how}, not by {method}; leave out method.")
        return self.methods[method]

    def build(self, data: Any, settings: FamilySettings) -> Any:
        """Build the model on observations (`models.observations.Observations`)."""
        return self._home()(data, settings)

    @property
    def noise(self) -> Noise:
        """What lies between an observed value and what programs and fields give."""
        return self.settings.noise

    @property
    def parts(self) -> tuple[str, ...]:
        """Parts of thinning: transcriptomic, spatial and structural, and what others its model has."""
        own = getattr(self._home(), "parts", ())
        return (*_PARTS, *(part for part in own if part not in _PARTS))

    @property
    def dims(self) -> Mapping[str, tuple[str, ...]]:
        """Dimensions of every quantity that its posterior may hold, after chain and draw."""
        parts = dict.fromkeys(self.parts, ("map", "region"))
        scales = (*(f"{part}_scale" for part in self.parts), *self.noise.scales)
        return {**_MAP_DIMS, **parts, **dict.fromkeys(scales, ("map",)), **self.own_dims}

    @property
    def sources(self) -> tuple[str, ...]:
        """What the variance of a map is shared among."""
        return (*self.parts, "regional", "sampling")

    def _home(self) -> Any:
        module, _, name = self.home.partition(":")
        return getattr(import_module(module), name)


FAMILIES: dict[str, Family] = {}


def register_family(family: Family) -> None:
    """Let a family be fitted by its name.

    Raises
    ------
    SettingsError
        For a name that is taken.
    """
    if family.name in FAMILIES:
        raise SettingsError(f"a model is called {family.name} already; choose another name.")
    FAMILIES[family.name] = family


def family_of(model: str) -> Family:
    """Family that a user's name stands for.

    Raises
    ------
    SettingsError
        For an unknown name; the known ones are listed.
    """
    if model not in FAMILIES:
        raise SettingsError(f"unknown model {model!r}: the known ones are {', '.join(FAMILIES)}.")
    return FAMILIES[model]


def families_that(**has: bool) -> str:
    """Names of the families with the given attributes, as in "fit cross-scale or expression"."""
    names = [name for name, family in FAMILIES.items() if all(getattr(family, k) == v for k, v in has.items())]
    return " or ".join(names)


_LINEAR_METHODS: Mapping[str, type[Training]] = {"svi": TrainingSettings, "nuts": NutsTraining}
_ALL_METHODS = {**_LINEAR_METHODS, "exact": ExactTraining}

register_family(
    Family(
        name="cross-scale",
        settings=CrossScaleSettings,
        home="pyro_neurovae.models.cross_scale:CrossScale",
        methods=_LINEAR_METHODS,
        linear=True,
        expression=True,
        programs=True,
        genes=True,
        graph=True,
        words="Expression and thinning are both generated from spatially smooth programs: a Gaussian Markov random "
        "field over the cortex is the prior of each. A gene is a mixture of programs and noise; the effect on a region "
        "is a mixture of the same programs, of a smooth field of its own, of the axes along which healthy people "
        "differ, and of what is the region's alone; a map observes it with its known sampling errors, which go "
        "together across regions.",
        equations="""z_k ~ GMRF(phi_k)                                          program k over the regions
x_j = sum_k s_k a_jk z_k + mean_j + tau e                   expression of gene j
theta_m = a_m + l_m lambda + c_m H (Z s, E) b_m / e + t_m u_m + v_m w_m + sigma_m e_m          effect of map m
y_m ~ N(theta_m, V_m)                                      what was observed; V_m: the map's known sampling covariance
a_jk, b_mk, e_mi ~ N(0, 1)   u_m ~ GMRF   w_m ~ N(0, R^2)  R: correlation of thickness across people, lambda its axis
E: what programs leave of the expression, e^2 = |s|^2 + var E   H: homologues moved towards their mean""",
        null="structural",
        own_dims=_PROGRAM_DIMS,
    )
)
register_family(
    Family(
        name="expression",
        settings=ExpressionSettings,
        home="pyro_neurovae.models.expression:Expression",
        methods=_ALL_METHODS,
        linear=True,
        expression=True,
        programs=False,
        genes=True,
        graph=False,
        words="The effect is a linear function of the expression of all genes (Bayesian ridge regression), of the axes "
        "along which healthy people differ, and of what is a region's alone, observed with the known sampling errors. "
        "There is no spatial part.",
        equations="""theta_m = a_m + l_m lambda + c_m X b_m / sqrt(g) + v_m w_m + sigma_m e_m    effect of map m
y_m ~ N(theta_m, V_m)                    V_m: the map's known sampling covariance
b_m, e_m ~ N(0, I)   w_m ~ N(0, R^2)     R: correlation of thickness across people, lambda its axis""",
        null="structural",
    )
)
register_family(
    Family(
        name="spatial",
        settings=SpatialSettings,
        home="pyro_neurovae.models.spatial:Spatial",
        methods=_ALL_METHODS,
        linear=True,
        expression=False,
        programs=False,
        genes=False,
        graph=True,
        words="The effect is a smooth field over the cortex and what is a region's alone, observed with the known "
        "sampling errors. Expression does not enter.",
        equations="""theta_m = a_m + t_m u_m + sigma_m e_m    u_m ~ GMRF   e_m ~ N(0, I)
y_m ~ N(theta_m, V_m)                    V_m: the map's known sampling covariance""",
    )
)
register_family(
    Family(
        name="structural",
        settings=StructuralSettings,
        home="pyro_neurovae.models.structural:Structural",
        methods=_ALL_METHODS,
        linear=True,
        expression=False,
        programs=False,
        genes=False,
        graph=True,
        words="The effect follows the axes along which healthy people differ, a smooth field over the cortex, and what "
        "is a region's alone, observed with the known sampling errors. Expression does not enter.",
        equations="""theta_m = a_m + l_m lambda + t_m u_m + v_m w_m + sigma_m e_m    u_m ~ GMRF   e_m ~ N(0, I)
y_m ~ N(theta_m, V_m)                    V_m: the map's known sampling covariance
w_m ~ N(0, R^2)                          R: correlation of thickness across people, lambda its axis""",
    )
)
register_family(
    Family(
        name="paper",
        settings=PaperSettings,
        home="pyro_neurovae.models.paper:Paper",
        methods={"svi": PaperTraining},
        linear=False,
        expression=True,
        programs=False,
        genes=True,
        graph=True,
        words="A latent field with a Gaussian Markov random field prior in each of its dimensions is decoded, region "
        "by region, by a perceptron into thinning; its guide is a graph neural network that sees expression "
        "(arXiv:2606.05870 read as a generative model).",
        equations="""z_d ~ N(0, (I + 2 lambda L)^-1)   latent dimension d, L the graph's Laplacian
y_i ~ N(f(z_i), sigma^2 + se_i^2)  f: a perceptron""",
        own_dims={"lam": ()},
        guide="Posterior draws came from a graph neural network guide in Pyro [bingham2019, paper2026]",
    )
)
register_family(
    Family(
        name="stacked",
        settings=StackedSettings,
        home="pyro_neurovae.models.stacked:Stack",
        methods={"svi": StackedTraining},
        linear=False,
        expression=True,
        programs=False,
        genes=True,
        graph=False,
        words="The posteriors of several models are mixed by how well each predicts regions that it has not seen.",
        equations="p(y) = sum_m w_m p_m(y)    w: stacking weights of held-out predictions",
        own_dims={"member": ("map",)},
        loss="mean of the stacked models",
    )
)
