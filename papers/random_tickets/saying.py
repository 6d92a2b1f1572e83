"""The kinds of sentences that are said about sanity checks, each as a claim with its words."""

from __future__ import annotations

from papers.random_tickets.names import METHOD, SPOKEN_CHECK
from papers.random_tickets.settings import CLASSES, DATASETS, NETWORKS
from shared.claims import Claim, Collapse, Compound, Ordering

SENTENCE = "sentences"
ABSTRACT = "abstract"


def cell(variant: str, network: str, dataset: str, method: str, ratio: float, check: str = "") -> str:
    """The id of an experiment."""
    return f"{variant}/{network}-{dataset}/{method}/{100 * ratio:g}" + (f"/{check}" if check else "")


def say(experiment: str) -> str:
    """An experiment in words."""
    _, where, method, *rest = experiment.split("/")
    network, _, dataset = where.partition("-")
    level = f" at {rest[0]} %" if rest else ""
    check = f" {SPOKEN_CHECK[rest[1]]}" if len(rest) > 1 else ""
    return f"{METHOD[method]}{level}{check} on {NETWORKS[network]}, {DATASETS[dataset]}"


def _short(experiment: str) -> str:
    _, _, method, *rest = experiment.split("/")
    return METHOD[method] + (f" {SPOKEN_CHECK[rest[1]]}" if len(rest) > 1 else "")


def same(id: str, one: str, other: str, points: float, *, table: str = SENTENCE, source: str = ABSTRACT) -> Ordering:
    """Two experiments end within so many points of each other."""
    text = f"{say(one)} is within {in_points(points)} of {_short(other)}"
    return Ordering(
        id=id, table=table, text=text, source=source, better=one, worse=other, within=points, paired=_paired(one, other)
    )


def beats(
    id: str, better: str, worse: str, *, by: float = 0.0, table: str = SENTENCE, source: str = ABSTRACT
) -> Ordering:
    """``better`` ends with the higher accuracy, or (``by`` below 0) at most so many points lower."""
    verb = "is more accurate than" if by >= 0 else f"is at most {in_points(-by)} below"
    text = f"{say(better)} {verb} {_short(worse)}"
    return Ordering(
        id=id, table=table, text=text, source=source, better=better, worse=worse, by=by, paired=_paired(better, worse)
    )


def in_points(x: float) -> str:
    """``1 point``, ``0.5 points``."""
    return f"{x:g} point" if x == 1 else f"{x:g} points"


def _paired(one: str, other: str) -> bool:
    """Runs of one method in one code base share initial weights and the order of the data, seed by seed."""
    return one.split("/")[:3] == other.split("/")[:3]


def every(id: str, text: str, parts: list[Claim], *, source: str = ABSTRACT, note: str = "") -> Compound:
    """A sentence that stands when all its parts do."""
    return Compound(id=id, table=SENTENCE, text=text, source=source, note=note, parts=tuple(parts))


def chance(id: str, experiment: str, *, collapsed: bool, table: str = SENTENCE) -> Collapse:
    """A network ends at chance, or does not."""
    dataset = experiment.split("/")[1].partition("-")[2]
    return Collapse(
        id=id,
        table=table,
        text=f"{say(experiment)} {'is' if collapsed else 'is not'} at chance",
        source=ABSTRACT,
        experiment=experiment,
        chance=1 / CLASSES[dataset],
        collapsed=collapsed,
    )
