"""claims.csv of a paper: published numbers as they were read, and what was decided about them before any run.

The first fifteen columns are the source's, unchanged: ``claim_id``, ``table``, ``network``, ``dataset``, ``method``,
``sparsity_percent``, ``setting``, ``metric``, ``value``, ``sd``, ``n``, ``unit``, ``source``, ``provenance``, ``note``.
Then come ours: ``verify_table`` (the table of ``repro verify`` a row is shown in), ``experiment`` (whose runs estimate
the number; empty where it is computed without a run), ``margin`` and ``margin_reason``, ``rounding`` of the printed
figure, ``gating`` (``no``: shown, never decides), and where a paper needs them ``per_seed`` (the values of the single
runs), ``same_as`` (the row that states the same measurement), ``which`` (the epoch of the value: best or last) and
``our_metric``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.claims import Claim, Exact, Table, Value

Row = Mapping[str, str]


def read(file: Path) -> tuple[Row, ...]:
    """All rows, in file order."""
    with file.open(newline="", encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


def settings_of(row: Row) -> dict[str, str]:
    """The row's ``setting`` column as a mapping: ``prune_freq=32;p=2`` has ``prune_freq`` and ``p``."""
    pairs = (part.partition("=") for part in row["setting"].split(";") if part)
    return {key: value for key, _, value in pairs}


def single_runs(row: Row) -> tuple[float, ...]:
    """The values of the single runs behind a mean, where they are known."""
    return tuple(float(v) for v in row.get("per_seed", "").split("/") if v)


def value(row: Row, text: str, **decided: Any) -> Value:
    """A row as a number that runs estimate.

    Args:
        row: one row.
        text: the row in words.
        decided: fields of the claim that are not in the columns of the same name.
    """
    return Value(
        **_common(row, text)
        | {
            "experiment": row["experiment"],
            "metric": row["metric"],
            "value": float(row["value"]),
            "sd": float(row["sd"]) if row["sd"] else None,
            "n": int(row["n"]) if row["n"] else None,
            "unit": row["unit"],
            "margin": float(row["margin"] or 0),
            "margin_reason": row["margin_reason"],
            "rounding": float(row["rounding"] or 0),
            "per_seed": single_runs(row),
            "gating": row["gating"] == "yes",
        }
        | decided
    )


def exact(row: Row, text: str, measure: Callable[[], float], **decided: Any) -> Exact:
    """A row as a number that is computed without a run; arguments as for ``value``."""
    computed = {"measure": measure, "unit": row["unit"]}
    if "value" not in decided:
        computed["value"] = float(row["value"])
    if "tolerance" not in decided:
        computed["tolerance"] = float(row["rounding"] or 0)
    return Exact(**_common(row, text) | computed | decided)


def tables(
    titles: Mapping[str, str],
    claims: Iterable[Claim],
    sentences: Callable[[str], Sequence[Claim]],
    *,
    seeds: Sequence[int],
    aliases: Mapping[str, tuple[str, ...]],
    notes: Mapping[str, str],
    other_seeds: Mapping[str, Sequence[int]] | None = None,
) -> dict[str, Table]:
    """The tables of a paper, each with its numbers first and the sentences it carries after them.

    Args:
        titles: id to title, in the order in which tables are listed.
        claims: the numbers; each names its table.
        sentences: the sentences of a table, by its id.
        seeds: of every table that ``other_seeds`` does not name.
        aliases, notes: of the tables that have some.
        other_seeds: table to seeds.
    """
    shown: dict[str, list[Claim]] = {name: [] for name in titles}
    for claim in claims:
        shown[claim.table].append(claim)
    return {
        name: Table(
            id=name,
            title=title,
            claims=(*shown[name], *sentences(name)),
            seeds=tuple((other_seeds or {}).get(name, seeds)),
            aliases=aliases.get(name, ()),
            note=notes.get(name, ""),
        )
        for name, title in titles.items()
    }


def _common(row: Row, text: str) -> dict[str, Any]:
    same = row.get("same_as", "")
    also = f"the same measurement as {same}" if same else ""
    return {
        "id": row["claim_id"],
        "table": row["verify_table"],
        "text": text,
        "source": row["source"],
        "provenance": row["provenance"],
        "note": "; ".join(part for part in (row["note"], also) if part),
    }
