"""Networks for other graphs than the shipped one has seen: trained on maps drawn from a study's own model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from pyro_neurovae.errors import SettingsError, check_seed
from pyro_neurovae.models.cross_scale import CrossScale
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.options import FitSettings, fit_settings
from pyro_neurovae.models.training_settings import TrainingSettings
from pyro_neurovae.readers.whole_file import write_whole
from pyro_neurovae.studies.study import Study

from .engine import carried_settings
from .noise import NoiseStreams
from .observation import observe, pick_device
from .programs.source import POSTERIOR, ProgramSource
from .scales.amortisation import drawn_maps, train_network
from .scales.guide import ScaleGuide
from .scales.network import MapReading, read_maps, reading_points
from .scales.network_file import network_bytes
from .switches import single_threaded
from .training import Progress

__all__ = ["amortise", "readings_of", "wider_and_narrower"]

# Draws of the programs that are made, those of them that maps are drawn from, one after another, and most maps of one
# at a time.
_MADE, _DRAWS, _MOST = 200, 64, 300

# Fewest maps that teach anything.
_LEAST = 100


def amortise(
    study: Study,
    path: str | os.PathLike[str],
    *,
    model: str = "cross-scale",
    seed: int = 0,
    maps: int = 20_000,
    device: str = "auto",
    progress: Progress | None = None,
    **options: Any,
) -> Path:
    """Train a network that begins fits of a study's further maps, and write it to a file (safetensors).

    ``nv.fit(other, programs=fit, map_network=path)`` then starts where the network says, and is done after a round of
    proposals or two where five were needed; where it starts does not change what it comes to. The networks that ship
    with the package serve ``cross-scale`` and ``structural`` with their default globals; one of a study's own is worth
    its while for another family, and for hundreds of maps on a graph much unlike the Desikan-Killiany regions'.

    Parameters
    ----------
    study
        Expression, graph and, for how its errors go together, its first map; what the map's values are does not matter.
    path
        File to write, whole or not at all.
    model
        A linear family: "cross-scale", "structural", "spatial" or "expression".
    seed
        Seed of every number drawn, at least 0.
    maps
        Maps to draw. Twenty thousand take five minutes on 68 regions, longer as the cube of their number.
    device
        As in `fit`.
    progress
        Called as (label, step, steps, value) after every piece of work.
    **options
        Settings of the model and its training, as in `fit`; priors three times as wide and as narrow are learnt too.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SettingsError
        For an unknown model or option, a model that has no scales of this kind, or fewer than a hundred maps.
    OSError
        Where the file can't be written.
    """
    check_seed(seed)
    if not isinstance(maps, int) or maps < _LEAST:
        raise SettingsError(f"maps is {maps!r}; give a whole number of at least {_LEAST}.")
    settings = fit_settings(model, seed=seed, device=device, **options)
    if not family_of(model).linear:
        raise SettingsError(f"model {model} has no scales that a network could begin; amortise a linear family.")
    settings, _ = carried_settings(study, settings)
    with single_threaded(study.n_regions):
        found = readings_of(study, wider_and_narrower(settings), seed, maps, progress=progress)
        (names, *_), readings, scores = zip(*found, strict=True)
        network = train_network(readings, scores, seed, progress=progress)
    write_whole(Path(path), network_bytes(network, names))
    return Path(path)


def wider_and_narrower(settings: FitSettings) -> tuple[FitSettings, ...]:
    """The settings, thrice, and with the priors of the scales wider and narrower, as a sensitivity study has them."""
    others = settings.family.alternatives(paired=False).items()
    changed = [settings.with_options(own) for name, own in others if name.startswith("scale priors")]
    return (settings, settings, settings, *changed)


def readings_of(
    study: Study, settings: Sequence[FitSettings], seed: int, maps: int, *, progress: Progress | None = None
) -> Iterator[tuple[tuple[str, ...], MapReading, Tensor]]:
    """Draw maps of a study under settings in turn, and read them.

    Yields names of the globals, the readings of some maps (one replicate) and the normal scores that these were drawn
    with, (map, global), until there are as many maps as asked for.
    """
    first = settings[0]
    data = observe(study, device=pick_device(first.device))
    family = family_of(first.model)
    models = [family.build(data, one.family) for one in settings]
    programs: dict[str, Tensor] = {}
    if models[0].has_programs and isinstance(models[0], CrossScale):
        source = ProgramSource.of(models[0], None, (seed,), cast(TrainingSettings, first.training))
        programs = source.draw(POSTERIOR, _MADE, most=_DRAWS)
    kernels = [model.kernels(programs) for model in models]
    points = reading_points(len(models[0].globals)).to(data.thinning.device)
    done = 0
    for turn in range(maps):
        lent = {name: values[:, turn % _DRAWS : turn % _DRAWS + 1] for name, values in programs.items()}
        one = turn % len(models)
        drawn, scores = drawn_maps(models[one], lent, 1000 * seed + turn, min(_MOST, maps - done))
        guide = ScaleGuide(drawn, NoiseStreams([0], "unused", dtype=scores.dtype, device=scores.device))
        if len(scores):
            yield models[one].globals, read_maps(guide, kernels[one], points), scores
        done += len(scores)
        if progress is not None:
            progress("maps", done, maps, float("nan"))
        if done == maps:
            return
