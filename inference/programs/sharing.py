"""Proposals of how far thinning sees programs' means over homologues: where the maps say that it does.

Expression says nothing of the sharing h, whose prior is uniform. A few draws of programs and scales, over a grid of h,
say roughly where its posterior is; from that, flattened and mixed with the prior, h is proposed, and importance weights
make it exact (`resampling.resample`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pyro_neurovae.models.linear import LinearModel
from pyro_neurovae.models.marginal import PartlySeenNormal

from ..scales.guide import ScaleGuide, ScaleNoise

__all__ = ["LOOKED_AT", "SharingProposal", "propose_sharing"]

# Cells of the grid, draws that are looked at, the power that flattens what they say, and the share of the prior.
_CELLS, LOOKED_AT, _FLATTER, _PRIOR = 12, 8, 0.6, 0.1


@dataclass(frozen=True)
class SharingProposal:
    """Piecewise constant density on cells of equal width from 0 to 1.

    Attributes
    ----------
    weight
        Probability of each cell; (replicate, cell).
    """

    weight: Tensor

    def draw(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Turn uniform numbers (replicate, draw) into h and the log density of each; both (replicate, draw)."""
        cells, below = self.weight.shape[-1], self.weight.cumsum(-1)
        index = torch.searchsorted(below, uniform.contiguous()).clamp(max=cells - 1)
        own, end = self.weight.gather(1, index), below.gather(1, index)
        return (index + 1 - ((end - uniform) / own).clamp(0, 1)) / cells, (own * cells).log()


@torch.no_grad()
def propose_sharing(
    model: LinearModel, guide: ScaleGuide, programs: dict[str, Tensor], noise: ScaleNoise
) -> SharingProposal:
    """Look at the thinning's density over a grid of h, at a few draws of programs (replicate, draw, ...) and scales."""
    data, some = model.data, noise.white.shape[1]
    scale, _ = guide.transform(noise)  # (replicate, draw, map, scale)
    scales = {name: scale[..., j] for j, name in enumerate(model.scale_names)}
    own = {name: values[:, :some] for name, values in programs.items()}
    found = []
    for cell in range(_CELLS):
        sharing = torch.full_like(own["strength"][..., 0], (cell + 0.5) / _CELLS)
        kernels = model.kernels(own | {"homologue_sharing": sharing})
        normal = PartlySeenNormal(model.covariance(scales, kernels), data.seen[:, None], validate_args=False)
        found.append(normal.log_prob(data.thinning[:, None]).sum(-1).mean(1))  # over maps and draws
    density = (_FLATTER * torch.stack(found, -1)).softmax(-1)
    return SharingProposal((1 - _PRIOR) * density + _PRIOR / _CELLS)
