"""The methods by which a posterior is found: what sets each, what it can do, and where it is. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.training_settings import (
    ExactTraining,
    NutsTraining,
    PaperTraining,
    StackedTraining,
    Training,
    TrainingSettings,
)

if TYPE_CHECKING:
    from .programs.trained import TrainedPrograms
    from .sampler import Sampler
    from .training import Progress, TrainingRecord

__all__ = ["METHODS", "Method", "method_of", "methods_that", "register_method"]


@dataclass(frozen=True)
class Method:
    """A way to find the posterior of some families, declared.

    Attributes
    ----------
    name
        What users call it; several families may each have their own way under one name.
    training
        Record of its settings: which one a fit's settings hold says by which method it is made.
    home
        Where its function is, "package.module:function"; imported when it is called, since torch takes a second. Its
        signature is that of `fit`.
    chains
        Restarts, or chains, by default.
    batches
        Whether many replicates that see different maps (folds, null maps) train as one batch.
    keeps_programs
        Whether programs that another fit has trained can be lent to it, which makes a further map cheap.
    words
        How draws came about, for a methods section; None where the family says it.
    """

    name: str
    training: type[Training]
    home: str
    chains: int = 1
    batches: bool = True
    keeps_programs: bool = False
    words: str | None = None

    def fit(
        self,
        model: Any,
        training: Training,
        seeds: Sequence[int],
        *,
        draws: int,
        programs: TrainedPrograms | None = None,
        progress: Progress | None = None,
    ) -> tuple[Sampler, TrainingRecord | None]:
        """Fit a model, one replicate a seed.

        Parameters
        ----------
        model
            What `Family.build` gave; its data have a replicate for each seed.
        training
            Settings of the method.
        seeds
            Seeds of the replicates.
        draws
            Draws that will be asked for, where sampling is the fit.
        programs
            Trained programs to use again, where `keeps_programs`: replicate i takes number i modulo theirs.
        progress
            Called after every step.

        Returns
        -------
        Sampler, TrainingRecord or None
            What draws from the posterior, and how the training went; None where nothing was trained.
        """
        module, _, name = self.home.partition(":")
        function = getattr(import_module(module), name)
        sampler, record = function(model, training, seeds, draws=draws, programs=programs, progress=progress)
        return sampler, record


METHODS: dict[type[Training], Method] = {}


def register_method(method: Method) -> None:
    """Let fits be made by a method: a family names the same record of settings in its ``methods``.

    Raises
    ------
    SettingsError
        For a record of settings that another method has.
    """
    if method.training in METHODS:
        raise SettingsError(f"{method.training.__name__} sets the method {METHODS[method.training].name} already.")
    METHODS[method.training] = method


def method_of(training: Training) -> Method:
    """Method that a record of settings belongs to."""
    return METHODS[type(training)]


def methods_that(**has: bool) -> str:
    """Names of the methods with the given attributes, as in "by svi or nuts"."""
    found = [method.name for method in METHODS.values() if all(getattr(method, k) == v for k, v in has.items())]
    return " or ".join(dict.fromkeys(found))


_HERE = "pyro_neurovae.inference"
register_method(Method("svi", TrainingSettings, f"{_HERE}.linear:train_linear", keeps_programs=True))
register_method(Method("svi", PaperTraining, f"{_HERE}.paper.sampler:train_paper"))
register_method(Method("svi", StackedTraining, f"{_HERE}.stacking:train_stack"))
register_method(
    Method(
        "nuts",
        NutsTraining,
        f"{_HERE}.nuts.sampler:sample_nuts",
        chains=4,
        batches=False,
        words="Posterior draws came from the No-U-Turn sampler of NumPyro [phan2019]",
    )
)
register_method(
    Method(
        "exact",
        ExactTraining,
        f"{_HERE}.exact:solve_exact",
        batches=False,
        words="The posterior was computed on a grid of the scales, exactly given these",
    )
)
