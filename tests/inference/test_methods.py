"""The register of methods: what each can do, and samplers that can be asked everything that a fit asks."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.methods import METHODS, Method, method_of, methods_that, register_method
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.models.families import FAMILIES, family_of
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.training_settings import (
    ExactTraining,
    NutsTraining,
    PaperTraining,
    StackedTraining,
    Training,
    TrainingSettings,
)

DRAWS = 5

# What makes each method and family small.
SMALL = {
    TrainingSettings: {"map_steps": 3},
    StackedTraining: {"map_steps": 3, "folds": 2, "members": ["expression", "spatial"]},
    PaperTraining: {"steps": 3, "validation": 0, "n_latent": 2, "width": 4},
    ExactTraining: {"points": 10},
}
# Of NUTS, which takes seconds to compile, tests/inference/nuts/test_sampler.py shows the same.
PAIRS = [(name, way) for name, family in FAMILIES.items() for way in family.methods if way != "nuts"]


@pytest.mark.parametrize(("name", "method"), PAIRS)
def test_every_family_by_every_method_that_it_declares(study, conforms, name, method):
    family = family_of(name)
    programs = {"n_programs": 3, "steps": 3, "program_sweeps": 1} if family.programs else {}
    options = SMALL[family.methods[method]] | programs
    settings = fit_settings(name, method=method, seed=2, draws=DRAWS, **options)
    fitted = fit_model(observe(study), settings, (settings.seed,))
    assert (fitted.record is None) == (method == "exact")  # nothing was trained
    conforms(study, settings, fitted.sampler)


def test_a_record_of_settings_has_one_method():
    assert all(isinstance(method, Method) and method.training is record for record, method in METHODS.items())
    assert method_of(NutsTraining()).chains == 4
    assert method_of(TrainingSettings()).keeps_programs
    with pytest.raises(SettingsError, match="NutsTraining sets the method nuts already"):
        register_method(Method("other", NutsTraining, "somewhere:function"))


def test_methods_are_found_by_what_they_can():
    assert methods_that(keeps_programs=True) == "svi"
    assert methods_that(batches=False) == "nuts or exact"
    assert methods_that(chains=4) == "nuts"


def test_asking_what_there_is_needs_no_torch():
    asked = "import sys, pyro_neurovae.inference.methods as m; print(m.methods_that(chains=4), 'torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["nuts", "False"]


# A method of somebody else's; tests/test_extension.py takes one through a whole fit


@dataclass(frozen=True)
class OwnTraining(Training):
    """Nothing to set but a number."""

    offset: int = 0


def begin(model, training, seeds, *, draws, programs=None, progress=None):
    """Tell what it was given."""
    return {"model": model, "offset": training.offset, "seeds": seeds, "draws": draws, "lent": programs}, progress


@pytest.fixture
def own():
    """The method, known while a test runs."""
    method = Method("own", OwnTraining, f"{__name__}:begin", words="Numbers came from elsewhere")
    register_method(method)
    yield method
    del METHODS[OwnTraining]


def test_a_method_is_found_by_its_settings_and_called_by_one_signature(own):
    assert method_of(OwnTraining(3)) is own
    assert (own.chains, own.batches, own.keeps_programs) == (1, True, False)
    sampler, record = own.fit("model", OwnTraining(3), (4, 5), draws=7, programs="lent", progress="told")
    assert sampler == {"model": "model", "offset": 3, "seeds": (4, 5), "draws": 7, "lent": "lent"}
    assert record == "told"
    with pytest.raises(SettingsError, match="OwnTraining sets the method own already"):
        register_method(own)


def test_a_method_that_no_family_declares_is_unknown(own):
    with pytest.raises(SettingsError, match="unknown method 'own': the known ones are svi, nuts, exact"):
        fit_settings("spatial", method="own")
