"""Settings of a protocol by dotted path: ``model.width``, ``phases.train.epochs``, ``phases.0.schedule.gamma``.

An element of a list goes by its position, or by its name (an augmentation by its kind) where only one has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from shared.errors import ReproError, unknown
from shared.protocol import Protocol, canonical

ELSEWHERE = {
    "seed": "use --seed",
    "precision": "use --precision",
    "scale": "use --scale",
    "variant": "use --variant",
    "paper": "it is the paper whose run this is",
    "schema_version": "it belongs to the format",
}
"""Fields that ``--set`` leaves alone: they have an option, or name what the run is."""


PHASE_KINDS = ("train", "prune", "rewind", "quantise")
"""What the validation adds to the place of a fault in a phase."""


def override(protocol: Protocol, assignments: Sequence[str]) -> Protocol:
    """A validated copy with settings replaced.

    Args:
        protocol: the run as its paper and scale make it.
        assignments: ``PATH=VALUE`` each; the value is JSON, or a word.

    Raises:
        ReproError: for a path that does not exist, with the nearest ones, or a value that cannot be.
    """
    plain = protocol.model_dump(mode="json")
    places: dict[str, list[Any]] = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise ReproError(f"--set {assignment!r} is not PATH=VALUE, such as model.width=0.25.")
        if path in ELSEWHERE:
            raise ReproError(f"--set does not change {path}; {ELSEWHERE[path]}.")
        holder, places[assignment] = _find(plain, path)
        holder[places[assignment][-1]] = _value(text)
    try:
        return Protocol.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"] if part not in PHASE_KINDS]
        message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        typed = next((a for a, place in places.items() if where and _nested(list(map(str, place)), where)), None)
        blamed = typed if typed else f"{' '.join(assignments)}: {'.'.join(where) or 'the run'}"
        raise ReproError(f"--set {blamed}: {message}.") from error


def leaves(protocol: Protocol, *, defaults: bool = True) -> dict[str, Any]:
    """Every setting of a protocol by its path; lists of plain values are one setting.

    Args:
        protocol: what to flatten.
        defaults: ``False`` leaves out settings that have their default.
    """
    return dict(_flatten(protocol.model_dump(mode="json") if defaults else canonical(protocol), ""))


def differing(protocols: Mapping[str, Protocol]) -> dict[str, dict[str, Any]]:
    """Settings that are not the same in all protocols: path to value by the protocols' names (absent: not there)."""
    flat = {name: leaves(p) for name, p in protocols.items()}
    paths = list(dict.fromkeys(path for values in flat.values() for path in values))
    rows = {path: {name: values[path] for name, values in flat.items() if path in values} for path in paths}
    return {p: row for p, row in rows.items() if len(row) < len(flat) or len({json.dumps(v) for v in row.values()}) > 1}


def _flatten(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(item, f"{prefix}.{key}" if prefix else key)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _flatten(item, f"{prefix}.{_name_of(value, index)}")
    else:
        yield prefix, value


def _name_of(items: list[dict[str, Any]], index: int) -> str:
    """How an element of a list is addressed: by name or kind where that is unique, else by position."""
    for tag in ("name", "kind"):
        mine = items[index].get(tag)
        if mine is not None and sum(item.get(tag) == mine for item in items) == 1:
            return str(mine)
    return str(index)


def _find(plain: dict[str, Any], path: str) -> tuple[Any, list[Any]]:
    """The dictionary or list that holds a setting, and the keys and positions that lead to it, its own last.

    Raises:
        ReproError: if the path leads nowhere.
    """
    holder: Any = None
    here: Any = plain
    place: list[Any] = []
    for part in path.split("."):
        added = bool(place) and place[-1] == "options"  # a component may have options that are at their default now
        key: Any = _index(here, part) if isinstance(here, list) else part
        exists = key is not None if isinstance(here, list) else isinstance(here, dict) and (part in here or added)
        if not exists:
            raise _no_setting(path, [p for p in dict(_flatten(plain, "")) if p not in ELSEWHERE])
        place.append(key)
        holder, here = here, here[key] if isinstance(here, list) else here.get(key)
    return holder, place


def _index(items: list[Any], part: str) -> int | None:
    """Position of a list's element by position or name."""
    names = [_name_of(items, i) for i in range(len(items))] if all(isinstance(i, dict) for i in items) else []
    at = int(part) if part.isdigit() else names.index(part) if part in names else len(items)
    return at if at < len(items) else None


def _no_setting(path: str, known: Sequence[str]) -> ReproError:
    """A path that leads nowhere: those that end alike are likelier meant than those spelt alike."""
    alike = [p for p in known if p.rpartition(".")[2] == path.rpartition(".")[2]]
    if 0 < len(alike) <= 3:
        return ReproError(f"There is no setting {path!r}; did you mean {' or '.join(alike)}?")
    return unknown("setting", path, known)


def _nested(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two places are the same, or one lies in the other."""
    return all(a == b for a, b in zip(one, other, strict=False))


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, float) and value != value else value  # NaN is no setting
