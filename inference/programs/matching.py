"""Programs have no order and no sign: both are taken from a reference."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

__all__ = ["match"]


def match(fields: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Which of each set of fields is most like each field of a reference, all together, and with what sign.

    Parameters
    ----------
    fields
        (set, program, region).
    reference
        (program, region), or one for each set.

    Returns
    -------
    Tensor, Tensor
        Number of the field in the place of each of the reference's, (set, program) long; and 1 or -1, (set, program).
    """
    unit = torch.nn.functional.normalize(reference, dim=-1)
    similarity = unit @ torch.nn.functional.normalize(fields, dim=-1).mT  # (set, reference, field)
    cost = -similarity.abs().cpu().numpy()
    order = [torch.as_tensor(linear_sum_assignment(one)[1]) for one in cost]
    index = torch.stack(order).to(fields.device)
    sign = similarity.gather(2, index[..., None])[..., 0].sign()
    return index, torch.where(sign == 0, torch.ones_like(sign), sign)
