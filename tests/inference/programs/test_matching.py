"""Order and sign of programs, taken from a reference."""

from __future__ import annotations

import torch

from pyro_neurovae.inference.programs.matching import match


def test_programs_are_matched_to_a_reference():
    rng = torch.Generator().manual_seed(0)
    reference = torch.randn((4, 30), generator=rng)
    order, sign = torch.tensor([2, 0, 3, 1]), torch.tensor([1.0, -1.0, -1.0, 1.0])
    fields = torch.empty_like(reference)
    fields[order] = sign[:, None] * reference * 3
    index, signs = match(fields[None], reference)
    torch.testing.assert_close(fields[index[0]] * signs[0, :, None], 3 * reference)


def test_all_programs_are_placed_together():
    """Each alone would take the first field; together they take what is best in sum."""
    reference = torch.tensor([[1.0, 0.0], [0.8, 0.6]])
    fields = torch.tensor([[[0.9, 0.1], [1.0, -0.4]]])
    index, _ = match(fields, reference)
    assert index.tolist() == [[1, 0]]


def test_every_set_may_have_a_reference_of_its_own():
    rng = torch.Generator().manual_seed(1)
    references = torch.randn((3, 4, 20), generator=rng)
    index, sign = match(-references.flip(1), references)
    assert index.tolist() == [[3, 2, 1, 0]] * 3
    assert bool((sign == -1).all())


def test_a_field_of_zeros_has_a_sign():
    _, sign = match(torch.zeros(1, 2, 5), torch.eye(2, 5))
    assert sign.tolist() == [[1.0, 1.0]]
