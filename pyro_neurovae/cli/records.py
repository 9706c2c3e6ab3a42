"""Options that commands share as records: declared once, handed to a command as one argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

__all__ = ["with_records"]


def with_records(*, after: Mapping[str, str] | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each field of the records that it takes.

    A record is a dataclass whose fields are annotated options of Typer. Help lists them where the record stands among
    the command's own options.

    Parameters
    ----------
    after
        Field of a record to the command's own option that help lists it after, with the fields that follow it. None
        (the default) keeps a record together.

    Examples
    --------
    >>> @app.command()
    ... @with_records(after={"graph": "model"})
    ... def fit(study: StudyOptions, out: Out, model: Model = "cross-scale") -> None: ...
    """

    def compose(command: Callable[..., None]) -> Callable[..., None]:
        kinds = get_type_hints(command, include_extras=True)
        records: dict[str, Any] = {name: kind for name, kind in kinds.items() if is_dataclass(kind)}
        options = _options(command, kinds, after or {})

        @wraps(command)
        def run(**given: Any) -> None:
            for name, record in records.items():
                given[name] = record(**{one.name: given.pop(one.name) for one in fields(record)})
            command(**given)

        run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in options}
        return run

    return compose


def _options(
    command: Callable[..., None], kinds: Mapping[str, Any], after: Mapping[str, str]
) -> list[inspect.Parameter]:
    """The command's own options and those of its records, in the order that help lists them."""
    own = inspect.signature(command).parameters
    behind: dict[str, list[inspect.Parameter]] = {}
    for name in own:
        place, types = name, get_type_hints(kinds[name], include_extras=True) if is_dataclass(kinds[name]) else {}
        for one in fields(kinds[name]) if types else ():
            place = after.get(one.name, place)
            behind.setdefault(place, []).append(_option(one.name, types[one.name], _default(one)))
    found: list[inspect.Parameter] = []
    for name, parameter in own.items():
        if not is_dataclass(kinds[name]):
            found.append(_option(name, kinds[name], parameter.default))
        found += behind.get(name, [])
    return found


def _option(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _default(one: Field[Any]) -> Any:
    """Default of a field, as a signature has it."""
    if one.default_factory is not MISSING:
        return one.default_factory()
    return inspect.Parameter.empty if one.default is MISSING else one.default
