"""What there is, as plain data: papers, tables, experiments, methods, networks and data sets; no screen, no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from repro import registry
from shared.errors import ReproError, unknown

if TYPE_CHECKING:
    from shared.paper import Paper

KINDS = ("papers", "tables", "experiments", "methods", "jobs", "models", "data")
PER_PAPER = ("tables", "experiments", "methods", "jobs")


@dataclass(frozen=True)
class Listing:
    """Rows of one kind, each a mapping with the same keys; ``paper`` is set where they belong to one."""

    what: str
    rows: tuple[dict[str, Any], ...]
    paper: str = ""


def listings(what: str | None, of: str | None = None, *, brief: bool = False) -> list[Listing]:
    """What was asked for.

    Args:
        what: one of ``KINDS``, a paper's name (its tables, methods and jobs), or nothing (papers).
        of: the paper that tables, experiments, methods or jobs are wanted of; nothing: every paper.
        brief: papers by name, title and citation only, which imports none of them.

    Raises:
        ReproError: for a name that is neither, or a paper where none belongs.
    """
    what = what or "papers"
    if what in registry.names():
        if of in PER_PAPER:  # `repro list flipout experiments` reads as well as the other order
            return [per_paper(of, registry.load(what))]
        if of is not None:
            raise unknown("kind of thing", of, PER_PAPER)
        paper = registry.load(what)
        found = [per_paper(kind, paper) for kind in ("tables", "methods", "jobs")]
        return [part for part in found if part.rows or part.what != "jobs"]  # few papers are lists of jobs
    if what not in KINDS:
        raise unknown("paper or kind of thing", what, [*registry.names(), *KINDS])
    if what in PER_PAPER:
        wanted = [of] if of is not None else registry.names()
        return [per_paper(what, registry.load(name)) for name in wanted]
    if of is not None:
        raise ReproError(f"{what} do not belong to a paper; leave {of!r} out.")
    if what == "papers":
        return [Listing(what, tuple(papers(brief=brief)))]
    return [Listing(what, tuple({"models": models, "data": data}[what]()))]


def per_paper(what: str, paper: Paper) -> Listing:
    """Tables, experiments, methods or jobs of a paper."""
    make: dict[str, Callable[[Paper], list[dict[str, Any]]]] = {
        "tables": tables,
        "experiments": experiments,
        "methods": methods,
        "jobs": jobs,
    }
    return Listing(what, tuple(make[what](paper)), paper.name)


def papers(*, brief: bool = False) -> list[dict[str, Any]]:
    """Installed papers; one that does not load is listed with the reason."""
    rows: list[dict[str, Any]] = []
    for name in registry.names():
        row: dict[str, Any] = {"name": name, "title": "", "citation": "", "variants": [], "problem": ""}
        try:
            row["title"], row["citation"] = registry.headline(name)
            if not brief:
                row["variants"] = list(registry.load(name).variants)
        except ReproError as error:
            row |= {"title": "", "citation": "", "problem": str(error)}
        rows.append(row)
    return rows


def tables(paper: Paper) -> list[dict[str, Any]]:
    """Tables of a paper, with the number of claims and of experiments whose runs they need."""
    from repro.planning import experiments_for

    return [
        {
            "id": table.id,
            "title": table.title,
            "claims": len(table.claims),
            "experiments": len(experiments_for(table)),
            "aliases": list(table.aliases),
            "note": table.note,
        }
        for table in paper.tables.values()
    ]


def experiments(paper: Paper) -> list[dict[str, Any]]:
    """Experiments of a paper."""
    return [{"id": e.id, "title": e.title, "labels": dict(e.labels)} for e in paper.experiments.values()]


def methods(paper: Paper) -> list[dict[str, Any]]:
    """What ``--method`` takes; where a paper has no such option, the methods its experiments are labelled with."""
    choices = next((o.choices for o in paper.options if o.name == "method"), ())
    labels = (str(e.labels["method"]) for e in paper.experiments.values() if "method" in e.labels)
    return [{"name": name} for name in choices or dict.fromkeys(labels)]


def jobs(paper: Paper) -> list[dict[str, Any]]:
    """Published lists whose lines ``--job`` takes; the label ``job`` of an experiment is LIST:LINE."""
    if not any(o.name == "job" for o in paper.options):
        return []
    lines: dict[str, list[int]] = {}
    for experiment in paper.experiments.values():
        if "job" in experiment.labels:
            name, _, line = str(experiment.labels["job"]).partition(":")
            lines.setdefault(name, []).append(int(line))
    return [
        {"name": f"{name}:{min(at)} to {name}:{max(at)}", "list": name, "first": min(at), "last": max(at)}
        for name, at in lines.items()
    ]


def models() -> list[dict[str, Any]]:
    """Networks that can be built."""
    from shared.models.registry import NETWORKS

    return [{"name": name, "built_by": NETWORKS[name]} for name in sorted(NETWORKS)]


def data() -> list[dict[str, Any]]:
    """Data sets a protocol can name."""
    from shared.data.sources import SOURCES

    return [
        {"name": n, "title": s.title, "embedded": not s.finders, "fetchable": s.fetchable, "looks_for": s.looks_for}
        for n, s in SOURCES.items()
    ]
