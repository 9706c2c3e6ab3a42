"""What the name of a column says that it holds."""

from __future__ import annotations

import pytest

from pyro_neurovae.readers.column_names import KINDS, ColumnRole, column_roles


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("d_icv", ColumnRole("effect", "d", "icv")),
        ("AD_d", ColumnRole("effect", "d", "ad")),
        ("Cohen's d", ColumnRole("effect", "d")),
        ("effect_size", ColumnRole("effect", "d")),
        ("effect", ColumnRole("effect")),
        ("thinning_mm", ColumnRole("effect", "mm")),
        ("%diff", ColumnRole("effect", "percent")),
        ("atrophy_rate", ColumnRole("effect", "rate")),
        ("mean_diff", ColumnRole("effect", "b")),
        ("Thickness", ColumnRole("thickness", "mm")),
        ("ROIThickness", ColumnRole("other", tag="roi")),
        ("mean", ColumnRole("other")),
        ("volume_mm3", ColumnRole("other", tag="volume")),
        ("x_mm", ColumnRole("other", tag="x")),
        ("t_df", ColumnRole("other", tag="df")),
        ("se.icv", ColumnRole("error", tag="icv")),
        ("SE_d", ColumnRole("error", "d")),
        ("Std. Error", ColumnRole("error")),
        ("Est.Error", ColumnRole("error")),
        ("Pr(>|t|)", ColumnRole("p", "t")),
        ("adj.P.Val", ColumnRole("p", tag="adj")),
        ("low_ci_icv", ColumnRole("lower", tag="icv")),
        ("UpperCI", ColumnRole("upper")),
        ("lower95", ColumnRole("lower", level=0.95)),
        ("Q2.5", ColumnRole("lower", level=0.95)),
        ("97.5 %", ColumnRole("upper", level=0.95)),
        ("95% CI", ColumnRole("interval", level=0.95)),
        ("CI", ColumnRole("interval")),
        ("CI_d", ColumnRole("interval", "d")),
        ("95", ColumnRole("other")),
        ("DENND2D", ColumnRole("other", tag="dennd")),
        ("CohensD", ColumnRole("effect", "d")),
        ("d2", ColumnRole("other", tag="d2")),
        ("region", ColumnRole("other", tag="region")),
    ],
)
def test_roles(name, role):
    found = column_roles([name])[name]
    assert (found.what, found.kind, found.tag) == (role.what, role.kind, role.tag)
    assert found.level == (role.level and pytest.approx(role.level))


def test_names_that_mean_something_else_beside_others():
    roles = column_roles(["x", "y", "z", "logFC", "B"])
    assert {name: roles[name].what for name in ("z", "B")} == {"z": "other", "B": "other"}
    assert {role.what for role in column_roles(["z", "B"]).values()} == {"effect"}
    assert all(role.kind in KINDS for role in roles.values())
