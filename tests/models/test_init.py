"""The package's names: each is found where the table says."""

from __future__ import annotations

import pytest

from pyro_neurovae import models


@pytest.mark.parametrize("name", models.__all__)
def test_every_name_is_there(name):
    assert getattr(models, name).__name__ == name


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="has no attribute 'GaussianProcess'"):
        models.GaussianProcess  # noqa: B018
