"""The page: one HTML file with everything in it, readable without a network."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from repro.report import facts, numbers
from repro.report.content import Content
from repro.report.gallery import Picture
from repro.report.ink import inline
from repro.report.rows import HEADER, cells, label, title
from repro.verdicts.verdict import NEGATIVE, POSITIVE, Verdict

SECTIONS = (
    ("sparsity", "Accuracy over sparsity"),
    ("curves", "Learning curves"),
    ("layers", "Sparsity by layer"),
    ("weights", "Weights at the end"),
    ("own", "Of this paper alone"),
)
SYMBOLS = {"good": "✓", "bad": "✗", "open": "?", "quiet": "·"}


def render(content: Content) -> str:
    """The page as HTML; the same content gives the same bytes."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    env = Environment(
        loader=PackageLoader("repro.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"tone": tone, "label": label, "claim_title": title, "cells": cells, "say": numbers.sentence}
    env.filters["shell"] = lambda place: shlex.quote(str(place))
    env.filters["symbol"] = lambda v: SYMBOLS[tone(v)]
    page = env.get_template("page.html.j2").render(_names(content)) + "\n"
    return page.replace(" %", "\u00a0%")  # a percent sign never starts a line


def tone(verdict: Verdict) -> str:
    """How a label is coloured; its words always stand beside."""
    if verdict.label in POSITIVE:
        return "good"
    if verdict.label in NEGATIVE:
        return "bad"
    return "quiet" if verdict.label == "NOT TESTED" else "open"


def _names(content: Content) -> dict[str, Any]:
    records = [r for g in content.groups for r in g.records]
    drawn = {p.name: inline(p.draw(), f"f{i}", f"{p.title}. {p.caption}") for i, p in enumerate(content.pictures)}
    return {
        "c": content,
        "paper": content.paper,
        "style": files("repro.report").joinpath("page.css").read_text(encoding="utf-8"),
        "svg": drawn,
        "by_table": {t.id: [p for p in content.pictures if _belongs(p, t.id)] for t in content.tables},
        "sections": [(kind, name, [p for p in content.pictures if p.kind == kind]) for kind, name in SECTIONS[1:]],
        "judged": [pair for pair in content.sentences if not _unheard(pair)],
        "unheard": [pair for pair in content.sentences if _unheard(pair)],
        "header": HEADER,
        "tally": _tally(v for t in content.verdicts for v in t.verdicts if v.gating),
        "uncounted": sum(not v.gating for t in content.verdicts for v in t.verdicts),
        "missing": [t for t in content.verdicts if t.missing],
        "facts": [
            ("runs", "Runs", facts.RUNS, facts.runs(content.groups)),
            ("size", "Parameters and multiply-adds a sample", facts.SIZE, facts.size(content.groups)),
        ],
        "about": [
            ("environment", "Environment", facts.ENVIRONMENT, facts.environment(records)),
            ("data", "Data", facts.DATA, facts.data(records)),
            ("cost", "Cost", facts.COST, facts.cost(records)),
        ],
        "collapses": facts.collapses(content.groups),
        "deviation_header": facts.DEVIATIONS,
        "scales": list(dict.fromkeys(g.scale for g in content.groups)),
    }


def _unheard(pair: tuple[Verdict, Verdict | None]) -> bool:
    """Whether neither the published numbers nor our runs say anything."""
    return all(v is None or v.label == "NOT TESTED" for v in pair)


def _belongs(picture: Picture, table: str) -> bool:
    return picture.kind in ("table", "sparsity") and picture.table == table


def _tally(verdicts: Iterable[Verdict]) -> list[tuple[str, str, int]]:
    """Tone, label and number of verdicts; decided ones first.

    Those that are not counted would say more, or worse, than the paper's own numbers and sentences do.
    """
    seen: dict[tuple[str, str], int] = {}
    for v in verdicts:
        key = (tone(v), v.label)
        seen[key] = seen.get(key, 0) + 1
    order = list(SYMBOLS)
    rows = [(t, name, n) for (t, name), n in seen.items()]
    return sorted(rows, key=lambda row: (order.index(row[0]), row[1]))
