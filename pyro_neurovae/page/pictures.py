"""The report's pictures, each with a text for who does not see it; without matplotlib the report does without them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from .. import plots
from ..errors import NeurovaeError
from ..plots.sensitivity_plot import plot_sensitivity
from ..plots.surface_map import Quantity
from ..posterior.tables import largest_first
from .answer import vertices_sentence
from .elements import details, figure, heading, paragraph
from .interactive_cortex import can_turn
from .verdict import scored_model

if TYPE_CHECKING:
    from ..evidence.null_tests import Nulls
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.validation import Validation
    from ..interpretation.region_clusters import Clusters
    from ..posterior.fits import Fit

__all__ = ["Pictures"]

_MANY = 3
_FOREST = 68  # rows: of finer parcellations the page would be a column of thousands of pixels


class Pictures:
    """What can be drawn of one fit, sized so that the page stays small.

    Parameters
    ----------
    fit
        The fit.
    unit
        Unit of the maps on every axis; None (the default) says "map's units".
    """

    def __init__(self, fit: Fit, unit: str | None = None) -> None:
        self.unit = unit
        self.drawn = find_spec("matplotlib") is not None
        self.cortex, self.cortex_of_programs = can_turn(fit.study.graph), can_turn(fit.study.measured_in)
        self.few = len(fit.study.maps) <= _MANY
        self.dpi = 105 if self.few else 75

    def missing(self) -> str:
        """What is left out for want of a library; empty where nothing is."""
        if self.drawn and find_spec("nilearn") is not None:
            return ""
        which = "Pictures of the cortex" if self.drawn else "Pictures"
        return f"{which} are left out: they need matplotlib and nilearn (pip install matplotlib nilearn)."

    def regions(self, fit: Fit, name: str) -> str:
        """Cortex and forest of one map; the cortex to turn takes the place of the first where there is one map."""
        body = ""
        regions = fit.regions()
        every = fit.study.n_regions <= _FOREST
        which = "Effect of every region" if every else f"The {_FOREST} largest effects of {fit.study.n_regions} regions"
        largest = largest_first(regions[regions["map"] == name])["region"].head(5)
        if self.cortex:
            body += self._hold(
                plots.surface(fit, "mean", map=name, layout="row", unit=self.unit),
                f"Effect (posterior mean) of {name} on the cortex; largest in {', '.join(largest)}.",
                "Effect (posterior mean).",
                kind="static" if len(fit.study.maps) == 1 else "",
            )
        body += self._vertices(fit, name)
        if self.drawn:
            body += self._hold(
                plots.forest(fit, map=name, top=_FOREST, unit=self.unit),
                f"Posterior intervals of the effect in {'every region' if every else 'regions'} of {name}; the largest "
                f"are those of {', '.join(largest)}.",
                f"{which}: posterior mean with its 50% (thick) and 90% (thin) intervals, and below it "
                "the observed value with the 90% interval that its standard error gives.",
            )
        if self.cortex and self.few:
            told = "Predictable part of the effect (posterior mean): what programs and fields give."
            drawn = plots.surface(fit, "predictable", map=name, layout="row", unit=self.unit)
            body += details("The predictable part on the cortex", self._hold(drawn, f"{told[:-1]}, of {name}.", told))
        return body

    def _vertices(self, fit: Fit, name: str) -> str:
        """The effect at the vertices of a map that was given by them, and what that is; empty for others."""
        if name not in fit.study.by_vertices or not self.cortex:  # what lacks the surface has no vertices either
            return ""
        body = heading("At the vertices of the map") + paragraph(vertices_sentence(fit, name, self.unit))
        shown: dict[Quantity, str] = {
            "mean": "Effect (posterior mean) at every vertex",
            "p_negative": "Probability that the effect at a vertex is below zero",
        }
        for quantity, told in shown.items():
            drawn = plots.surface(fit, quantity, map=name, at="vertices", layout="row", unit=self.unit)
            caption = f"{told}, as vertices.csv has it; the lines are borders of Desikan-Killiany regions."
            body += self._hold(drawn, f"{told} of {name} on the cortex.", caption)
        return body + heading("By region")

    def variance(self, fit: Fit) -> str:
        """Shares of the variance."""
        if not self.drawn:
            return ""
        return self._hold(
            plots.variance(fit),
            "Shares of each map's variance; the numbers are in the table below.",
            "Shares of each map's variance, with 50% and 90% intervals.",
        )

    def programs(self, fit: Fit) -> str:
        """The strongest programs on the cortex with their genes."""
        if not self.cortex_of_programs:
            return ""
        return self._hold(
            plots.program_maps(fit, 3, unit=self.unit),
            "Region scores of the strongest programs on the cortex, beside the loadings of their strongest genes.",
            "The strongest programs: scores of the regions and the leading genes' loadings.",
        )

    def clusters(self, found: Clusters) -> str:
        """Matrix of co-clustering probabilities."""
        if not self.drawn:
            return ""
        groups = found.membership.set_index("region")["cluster"]
        return self._hold(
            plots.matrix(
                found.coclustering, groups, label="probability of one cluster", limits=(0, 1), diverging=False
            ),
            "Matrix of the probability that two regions are in one cluster, regions ordered by cluster.",
            "Probability that two regions are in one cluster.",
        )

    def predicted(self, fit: Fit, validation: Validation | None, name: str) -> str:
        """Observed against predicted, in-sample and held out."""
        if not self.drawn:
            return ""
        model = scored_model(fit, validation)
        return self._hold(
            plots.observed_predicted(fit, validation, map=name, model=model, unit=self.unit),
            f"Observed values of {name} against predictions with 90% intervals; R2 and coverage stand above each "
            "panel.",
            "Observed against predicted; in-sample by the predictable part. What matters is the held-out panel.",
        )

    def nulls(self, found: Nulls, name: str) -> str:
        """Null distribution of the transcriptomic share."""
        if not self.drawn or found.distribution.empty:
            return ""
        return self._hold(
            plots.nulls(found, map=name),
            f"Histogram of the transcriptomic share over null maps of {name}, with the map's own share marked.",
            "Transcriptomic share of the map among that of its null maps.",
        )

    def sensitivity(self, found: Sensitivity, name: str) -> str:
        """How far regions move under each variant."""
        if not self.drawn:
            return ""
        return self._hold(
            plot_sensitivity(found, name),
            f"How far region means of {name} move under each variant, in posterior standard deviations.",
            "How far results move under other priors and choices.",
        )

    def inference(self, fit: Fit) -> str:
        """Training trace, and prior against posterior of the scales."""
        if not self.drawn:
            return paragraph(self.missing())
        body = ""
        for draw, alt, caption in (
            (
                lambda: plots.training(fit),
                "Loss of each chain over the steps of training.",
                "Training: loss of each chain, in nats.",
            ),
            (
                lambda: plots.prior_posterior(fit, unit=self.unit),
                "Densities of the map's scales, prior against posterior.",
                "Prior against posterior of the map's scales: what the data added.",
            ),
        ):
            try:
                body += self._hold(draw(), alt, caption)
            except NeurovaeError:  # a model without a trace or scales has nothing to show
                continue
        return f'<div class="pair">{body}</div>' if body else ""

    def _hold(self, drawn: object, alt: str, caption: str, kind: str = "") -> str:
        return figure(drawn, alt=alt, caption=caption, dpi=self.dpi, kind=kind)  # type: ignore[arg-type]
