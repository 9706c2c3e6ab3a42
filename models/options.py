"""What a fit was asked to do: one frozen record, JSON both ways, and the flat options that it is made from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from pyro_neurovae.errors import SettingsError, check_seed

from .families import family_of
from .setting_checks import check_whole
from .settings import CrossScaleSettings, FamilySettings, PCPrior, SpikedPrior, prior_of
from .training_settings import Training, TrainingSettings

__all__ = ["FitSettings", "fit_settings", "parse_options"]


@dataclass(frozen=True)
class FitSettings:
    """Everything that decides a fit's numbers, apart from the study: recorded in every result."""

    model: str = "cross-scale"
    method: str = "svi"
    seed: int = 0
    draws: int = 1000
    restarts: int = 1
    device: str = "auto"
    family: FamilySettings = field(default_factory=CrossScaleSettings)
    training: Training = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        family_of(self.model)
        check_whole(self, "draws", "restarts")
        check_seed(self.seed)

    def to_json(self) -> str:
        """Write the settings as one line of JSON; a number of NumPy becomes a plain one."""
        return json.dumps(asdict(self), default=lambda number: number.item())

    @classmethod
    def from_json(cls, text: str) -> FitSettings:
        """Read what `to_json` wrote."""
        record = json.loads(text)
        family = family_of(record["model"])
        own = record.pop("family").items()
        given = dict(family.settings.of_old) | {k: prior_of(v) if isinstance(v, dict) else v for k, v in own}
        training = family.training(record.get("method", "svi"))(**record.pop("training"))
        return cls(**record, family=family.settings(**given), training=training)

    def with_options(self, options: Mapping[str, Any]) -> FitSettings:
        """Change settings by name, each in the record that has a field of it.

        Raises
        ------
        SettingsError
            For a name that neither the model nor its method has, or a value out of range.
        """
        records: dict[str, Any] = {"family": self.family, "training": self.training}
        own = {entry.name for entry in fields(self)} - {"model", "method", *records}
        placed: dict[str, dict[str, Any]] = {"family": {}, "training": {}, "own": {}}
        for name, value in options.items():
            homes = [home for home, record in records.items() if any(entry.name == name for entry in fields(record))]
            home = "own" if name in own else next(iter(homes), None)
            if home is None:
                known = sorted(entry.name for record in records.values() for entry in fields(record))
                raise SettingsError(f"model {self.model} has no setting {name!r}; it has {', '.join(known)}.")
            placed[home][name] = value
        changed = {home: replace(record, **placed[home]) for home, record in records.items()}
        return replace(self, **changed, **placed["own"])


def fit_settings(model: str = "cross-scale", *, method: str = "svi", **options: Any) -> FitSettings:
    """Build settings from flat options, each sent to the record that has a field of that name.

    Raises
    ------
    SettingsError
        For an unknown model or method (the known ones are listed) or an option that the model does not have.
    """
    family = family_of(model)
    settings = FitSettings(model, method, family=family.settings(), training=family.training(method)())
    return settings.with_options(options)


def parse_options(texts: Sequence[str] | None, *, taken: Sequence[str] = ()) -> dict[str, Any]:
    """Read settings written as NAME=VALUE: numbers, true or false, words, and priors.

    pc(upper, alpha) is a `PCPrior`, spiked(absent, tip, width) a `SpikedPrior`. Names ``taken`` have an option of their
    own.

    Raises
    ------
    SettingsError
        For a text of another form, a name that is taken, or one that comes twice.
    """
    options: dict[str, Any] = {}
    for text in texts or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise SettingsError(f"the setting {text!r} has no value; write NAME=VALUE, for example lam=0.1.")
        if name in taken:
            raise SettingsError(f"{name} can't be set so; use the command's own option for it, where it has one.")
        if name in options:
            raise SettingsError(f"the setting {name} is given twice; give it once.")
        options[name] = _value(value)
    return options


def _value(text: str) -> Any:
    """A setting as it is written."""
    prior = re.fullmatch(r"(pc|spiked)\(([^()]*)\)", text, re.IGNORECASE)
    if prior is None:
        try:
            return json.loads(_WORDS.get(text, text))
        except json.JSONDecodeError:
            return text
    kind: type[PCPrior] | type[SpikedPrior] = {"pc": PCPrior, "spiked": SpikedPrior}[prior[1].lower()]
    names = [entry.name for entry in fields(kind)]
    try:
        numbers = [float(one) for one in prior[2].split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != len(names):
        raise SettingsError(
            f"the prior {text!r} does not hold {len(names)} numbers; write {prior[1].lower()}({', '.join(names)})."
        )
    return kind(*numbers)


# How Python writes what JSON writes in small letters.
_WORDS = {"True": "true", "False": "false"}
