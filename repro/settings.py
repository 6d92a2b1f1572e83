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


def override(protocol: Protocol, assignments: Sequence[str]) -> Protocol:
    """A validated copy with settings replaced.

    Args:
        protocol: the run as its paper and scale make it.
        assignments: ``PATH=VALUE`` each; the value is JSON, or a word.

    Raises:
        ReproError: for a path that does not exist, with the nearest ones, or a value that cannot be.
    """
    plain = protocol.model_dump(mode="json")
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path:
            raise ReproError(f"--set {assignment!r} is not PATH=VALUE, such as model.width=0.25.")
        if path in ELSEWHERE:
            raise ReproError(f"--set does not change {path}; {ELSEWHERE[path]}.")
        _assign(plain, path, _value(text))
    try:
        return Protocol.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part not in ("train", "prune", "rewind", "quantise"))
        message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        typed = next((a for a in assignments if where and _same(plain, a.partition("=")[0], where)), None)
        raise ReproError(
            f"--set {typed}: {message}." if typed else f"--set: {where or 'the run'}: {message}."
        ) from error


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


def _assign(plain: dict[str, Any], path: str, value: Any) -> None:
    holder, key = _find(plain, path)
    holder[key] = value


def _find(plain: dict[str, Any], path: str) -> tuple[Any, Any]:
    """The dictionary or list that holds a setting, and its key there.

    Raises:
        ReproError: if the path leads nowhere.
    """
    here: Any = plain
    parts = path.split(".")
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        key: Any = part
        if isinstance(here, list):
            names = [_name_of(here, i) for i in range(len(here))] if all(isinstance(i, dict) for i in here) else []
            key = int(part) if part.isdigit() else names.index(part) if part in names else -1
            exists = 0 <= key < len(here)
        else:
            exists = isinstance(here, dict) and (part in here or (last and parts[depth - 1] == "options"))
        if not exists:
            raise _no_setting(path, [p for p in dict(_flatten(plain, "")) if p not in ELSEWHERE])
        if last:
            return here, key
        here = here[key]
    raise AssertionError("a path has at least one part")


def _no_setting(path: str, known: Sequence[str]) -> ReproError:
    """A path that leads nowhere: those that end alike are likelier meant than those spelt alike."""
    alike = [p for p in known if p.rpartition(".")[2] == path.rpartition(".")[2]]
    if 0 < len(alike) <= 3:
        return ReproError(f"There is no setting {path!r}; did you mean {' or '.join(alike)}?")
    return unknown("setting", path, known)


def _same(plain: dict[str, Any], typed: str, where: str) -> bool:
    """Whether a path as typed and one as the validation reports it lead to the same place (or one into the other)."""
    try:
        return _positions(plain, typed)[: where.count(".") + 1] == where.split(".")[: typed.count(".") + 1]
    except (ReproError, KeyError, IndexError, TypeError):
        return False


def _positions(plain: dict[str, Any], path: str) -> list[str]:
    """The path with positions in place of names."""
    parts = path.split(".")
    return [str(_find(plain, ".".join(parts[: i + 1]))[1]) for i in range(len(parts))]


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, float) and value != value else value  # NaN is no setting
