"""Settings of the families: defaults, faults, what the programs depend on, what another analyst might choose."""

from __future__ import annotations

import dataclasses

import pytest

from pyro_neurovae.errors import SettingsError
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.settings import (
    CrossScaleSettings,
    ExpressionSettings,
    FamilySettings,
    PaperSettings,
    PCPrior,
    SpatialSettings,
    SpikedPrior,
    StackedSettings,
    StructuralSettings,
    prior_of,
)
from pyro_neurovae.models.training_settings import PaperTraining

RECORDS = (
    *(CrossScaleSettings, ExpressionSettings, SpatialSettings, StructuralSettings, PaperSettings),
    StackedSettings,
)


def test_the_papers_values_are_the_defaults():
    settings = PaperSettings()
    assert (settings.n_latent, settings.lam, PaperTraining().learning_rate) == (64, 0.1, 1e-3)


def test_what_programs_depend_on_is_named_by_fields_that_exist():
    assert set(CrossScaleSettings.of_programs) < {field.name for field in dataclasses.fields(CrossScaleSettings)}
    assert all(record.of_programs == () for record in RECORDS if record is not CrossScaleSettings)


@pytest.mark.parametrize(
    ("measured", "genes", "carried", "limit"),
    [
        (68, 910, 14, None),
        (30, 910, 10, "a third of the 30 regions with expression"),
        (68, 5, 5, "the number of genes"),
        (2, 5, 1, "a third of the 2 regions with expression"),
    ],
)
def test_programs_are_lowered_to_what_the_data_carry(measured, genes, carried, limit):
    found, notices = CrossScaleSettings(homologue_sharing=0.5).carried(measured, genes)
    assert (found.n_programs, found.homologue_sharing) == (carried, 0.5)
    told = f"n_programs lowered from 14 to {carried}, {limit}: more could not be told from noise."
    assert notices == (() if limit is None else (told,))


@pytest.mark.parametrize("record", [record for record in RECORDS if record is not CrossScaleSettings])
def test_settings_without_programs_are_carried_as_they_are(record):
    assert record().carried(2, 1) == (record(), ())


def test_standard_errors_count_unless_the_settings_say_so():
    assert all(record().counts_sampling_error for record in RECORDS)
    assert not PaperSettings(standard_errors=False).counts_sampling_error


@pytest.mark.parametrize("record", RECORDS)
def test_every_scale_of_the_noise_has_a_prior(record):
    """A stack has those of its members."""
    names = {field.name for field in dataclasses.fields(record)}
    assert set(record.noise.scales) <= names or record is StackedSettings


WIDE, NARROW = "scale priors three times as wide", "scale priors a third as wide"
CHOICES = {
    CrossScaleSettings: [
        *("7 programs", "21 programs", "programs alone", "Leroux programs (rho)", "no graph", WIDE, NARROW),
    ],
    ExpressionSettings: [WIDE, NARROW],
    SpatialSettings: [WIDE, NARROW, "no spatial smoothness"],
    StructuralSettings: [WIDE, NARROW, "no spatial smoothness"],
    PaperSettings: [WIDE, NARROW, "lambda 0", "lambda 0.01", "lambda 1"],
    StackedSettings: [],
}


@pytest.mark.parametrize("record", RECORDS)
def test_what_another_analyst_might_have_chosen(record):
    choices = record().alternatives(paired=False)
    ends = ["no spatial smoothness"] if record is CrossScaleSettings else []
    assert list(choices) == CHOICES[record] + ends
    for changed in choices.values():  # each is a change that the record takes
        assert dataclasses.replace(record(), **changed) != record()
    scales = {field.name for field in dataclasses.fields(record) if field.name.endswith("_scale")}
    for factor, name in ((3.0, WIDE), (1 / 3, NARROW)):
        assert set(choices.get(name, scales)) == scales
        for scale, prior in choices.get(name, {}).items():
            own = getattr(record(), scale)
            if isinstance(own, SpikedPrior):  # where the part is there; what is practically nought stays so
                assert prior == SpikedPrior(own.absent, own.tip, factor * own.width)
            else:
                assert prior == PCPrior(factor * own.upper, own.alpha)


def test_a_part_of_its_own_for_how_healthy_people_differ():
    """Beside what the spatial baseline has, with the same defaults."""
    spatial, structural = (dataclasses.asdict(record()) for record in (SpatialSettings, StructuralSettings))
    assert structural == spatial | {"structural_scale": structural["structural_scale"]}
    for record in (CrossScaleSettings, ExpressionSettings):
        assert record().structural_scale == StructuralSettings().structural_scale
        assert isinstance(record().transcriptomic_scale, SpikedPrior)


def test_a_stack_has_the_structural_baseline_unless_said():
    assert StackedSettings().members == ("cross-scale", "expression", "structural")
    assert StackedSettings(members=["spatial", "structural"]).members == ("spatial", "structural")


@pytest.mark.parametrize("prior", [PCPrior(0.3, 0.1), SpikedPrior(0.4, 0.02, 0.8)])
def test_a_prior_is_made_of_what_it_is_written_as(prior):
    assert prior_of(dataclasses.asdict(prior)) == prior
    assert prior_of(dict(reversed(dataclasses.asdict(prior).items()))) == prior


@pytest.mark.parametrize(
    "record", [{}, {"upper": 1.0}, {"absent": 0.5, "tip": 0.1}, {"upper": 1, "alpha": 0.1, "tip": 1}]
)
def test_what_no_prior_is_written_as(record):
    with pytest.raises(SettingsError, match="is no prior; write upper and alpha, or absent, tip and width"):
        prior_of(record)


def test_sharing_of_homologues_is_a_choice_where_there_are_any():
    names = {
        sharing: CrossScaleSettings(homologue_sharing=sharing).alternatives(paired=True)
        for sharing in (None, 0.25, 1.0)
    }
    found = {sharing: [name for name in choices if "sharing" in name] for sharing, choices in names.items()}
    both = ["homologue sharing 0", "homologue sharing 1"]
    assert found == {None: both, 0.25: both, 1.0: both[:1]}


def test_a_fixed_scale_has_no_wider_prior():
    assert list(PaperSettings(unexplained_scale=0.2).alternatives(paired=True)) == CHOICES[PaperSettings][2:]


def test_one_program_has_no_half_as_many():
    choices = CrossScaleSettings(n_programs=1).alternatives(paired=False)
    assert not [name for name in choices if name.endswith("programs")]


def test_settings_of_a_family_of_ones_own_have_no_choices():
    @dataclasses.dataclass(frozen=True)
    class Own(FamilySettings):
        depth: int = 2

    assert Own().alternatives(paired=True) == {}
    assert Own().counts_sampling_error


OR_PRIOR = r", or PCPrior\(upper=..., alpha=...\)\.$"
PAPER_FAULTS = [
    ({"lam": -0.1}, "lam is -0.1; give a number of at least 0" + OR_PRIOR),
    ({"lam": float("nan")}, "lam is nan; give a number of at least 0"),
    ({"lam": float("inf")}, "lam is inf; give a number of at least 0"),
    ({"lam": "0.1"}, "lam is '0.1'; give a number"),
    ({"lam": True}, "lam is True; give a number"),
    ({"lam": None}, "lam is None; give a number"),
    ({"unexplained_scale": 0}, "unexplained_scale is 0; give a number above 0" + OR_PRIOR),
    ({"unexplained_scale": -0.2}, "unexplained_scale is -0.2; give a number above 0"),
    ({"unexplained_scale": (1.0, 0.1)}, r"unexplained_scale is \(1.0, 0.1\); give a number above 0"),
    ({"standard_errors": 1}, "standard_errors is 1; give True or False"),
    ({"n_latent": 0}, "n_latent is 0; give a whole number of at least 1"),
    ({"layers": 0}, "layers is 0; give a whole number"),
    ({"width": 2.5}, "width is 2.5; give a whole number"),
]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"program_prior": "car"}, "unknown program_prior 'car': the known ones are bym2, leroux"),
        ({"model": "spatial", "spatial_prior": "car"}, "unknown spatial_prior 'car': the known ones are icar, iid"),
        ({"model": "stacked", "members": ["spatial"]}, "members is .'spatial'.; give two or more different ones"),
        ({"model": "stacked", "members": "spatial"}, "members is 'spatial'; give several"),
        (
            {"model": "stacked", "members": ["spatial", "paper"]},
            "unknown member 'paper': the known ones are cross-scale",
        ),
        ({"model": "stacked", "folds": 1}, "folds is 1; give at least 2"),
        ({"homologue_sharing": 1.5}, "homologue_sharing is 1.5; give a number from 0 to 1"),
        ({"homologue_sharing": -1}, "homologue_sharing is -1; give a number of at least 0"),
        ({"n_programs": 0}, "n_programs is 0; give a whole number of at least 1"),
        ({"strength": 1.0}, r"strength is 1.0; give PCPrior\(upper=..., alpha=...\)"),
        (
            {"model": "expression", "transcriptomic_scale": 1.0},
            r"scale is 1.0; give PCPrior\(upper=..., alpha=...\), or SpikedPrior\(absent=..., tip=..., width=...\)\.",
        ),
        ({"model": "structural", "structural_scale": 0.5}, "structural_scale is 0.5; give PCPrior"),
        ({"model": "structural", "spatial_prior": "car"}, "unknown spatial_prior 'car'"),
        ({"smoothness": SpikedPrior()}, r"smoothness is SpikedPrior\(.*; give PCPrior\(upper=..., alpha=...\)\.$"),
        *[({"model": "paper", **option}, message) for option, message in PAPER_FAULTS],
    ],
)
def test_faults_name_the_setting_and_what_it_takes(options, message):
    with pytest.raises(SettingsError, match=message):
        fit_settings(**options)


@pytest.mark.parametrize(("upper", "alpha"), [(0, 0.1), (-1, 0.1), (1, 0), (1, 1), (float("nan"), 0.1)])
def test_a_prior_out_of_range(upper, alpha):
    with pytest.raises(SettingsError, match="is out of range: give upper > 0 and 0 < alpha < 1"):
        PCPrior(upper, alpha)


@pytest.mark.parametrize(
    ("absent", "tip", "width"),
    [(0, 0.1, 1), (1, 0.1, 1), (0.5, 0, 1), (0.5, 1, 1), (0.5, 0.1, float("inf")), (float("nan"), 0.1, 1)],
)
def test_a_spiked_prior_out_of_range(absent, tip, width):
    with pytest.raises(SettingsError, match="is out of range: give 0 < absent < 1 and 0 < tip < width"):
        SpikedPrior(absent, tip, width)
