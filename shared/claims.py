"""The vocabulary in which a paper's statements are written down: one published number or sentence, one claim.

Values and margins are in the unit of the metric; an accuracy claim is in percent, and a difference of accuracies in
percentage points. Which evidence may speak about a claim is decided here too (``deviations``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from shared.errors import ReproError
from shared.protocol import Protocol, canonical

Spread = Literal["sd", "se", "half-interval", "unknown"]
WhichEpoch = Literal["last", "best", "unknown"]
ReadEpoch = Literal["last", "best"]

DEFAULT_MARGINS = {
    "mnist": 0.2,
    "fashion-mnist": 0.5,
    "cifar10": 0.5,
    "cifar100": 1.0,
    "tiny-imagenet": 1.0,
    "imagenette": 1.0,
    "imagenet": 1.0,
}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What every claim has: an id, the table it stands in, its words and where they were found."""

    id: str
    table: str
    text: str
    source: str = ""
    provenance: str = "paper"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Value(Claim):
    """A published number with its uncertainty as far as it is known.

    Attributes:
        experiment: id of the experiment whose runs estimate the same quantity.
        metric: ``top1_accuracy``, ``top1_accuracy_at_epoch``, ``train_top1_accuracy_running``...
        value, sd, n: the published mean, spread and number of runs; ``None`` where the source is silent.
        margin: equivalence margin, fixed in claims.csv before any run.
        margin_reason: why this margin.
        rounding: half a unit of the last printed digit (a whole unit where the source truncates); added to the margin.
        spread: what the number after the +- is.
        which: the epoch the value belongs to.
        epoch: for ``..._at_epoch`` metrics.
        seed: set where the number is that of one run with this seed.
        per_seed: the values of the individual runs, where they are known.
        statistic: what the value is of those runs; a median needs ``per_seed``, for it is judged by ranks.
        gating: ``False`` for recalled or digitised numbers, which never decide anything.
        sparsity_percent: of the network that the number belongs to, where the experiment does not fix it.
    """

    experiment: str
    metric: str
    value: float
    sd: float | None = None
    n: int | None = None
    unit: str = "percent"
    margin: float
    margin_reason: str = ""
    rounding: float = 0.0
    spread: Spread = "sd"
    which: WhichEpoch = "last"
    epoch: int | None = None
    seed: int | None = None
    per_seed: tuple[float, ...] = ()
    statistic: Literal["mean", "median"] = "mean"
    gating: bool = True
    sparsity_percent: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ordering(Claim):
    """ "``better`` beats ``worse``": the mean of one experiment exceeds that of another (by at least ``by``).

    Attributes:
        worse_metric: what is read from the runs of ``worse``, where its numbers are reported in another way.
        which: the epoch at which both sides are read.
        paired: both sides share initialisation and data order, so the paired test applies.
        gating: ``False`` for a comparison that the paper does not make: shown beside its sentences, never counted.
        two_sided: the direction was not fixed before the runs, so that each is tested at half the level.
        within: set for claims of the form "within so many points of": |difference| <= within.
        budget: fraction of the weights that both sides keep in the sentence; runs that keep less than half or more
            than twice as much are no fair comparison (methods whose sparsity is an outcome, at a reduced scale).
    """

    better: str
    worse: str
    metric: str = "top1_accuracy"
    by: float = 0.0
    within: float | None = None
    budget: float | None = None
    paired: bool = False
    two_sided: bool = False
    gating: bool = True
    worse_metric: str | None = None
    which: ReadEpoch = "last"

    @property
    def metrics(self) -> tuple[str, str]:
        """What is read from the runs of ``better`` and of ``worse``."""
        return self.metric, self.worse_metric or self.metric


@dataclass(frozen=True, kw_only=True)
class Collapse(Claim):
    """ "The network is at chance": every run's correct count lies in the exact binomial interval of chance.

    Attributes:
        chance: probability of a correct answer by chance (1/classes, or the frequency of one class) for the published
            network; runs with another number of classes, as in a demo, are held against their own.
        collapsed: ``False`` for the opposite sentence (it does *not* collapse).
    """

    experiment: str
    metric: str = "top1_accuracy"
    chance: float = 0.1
    collapsed: bool = True


@dataclass(frozen=True, kw_only=True)
class Trend(Claim):
    """ "The metric rises (or falls) along these experiments": a rank trend over runs.

    Attributes:
        which: the epoch at which each run is read.
        gating: ``False`` for a trend that the paper does not speak of: shown beside its sentences, never counted.
    """

    experiments: tuple[str, ...]
    metric: str = "top1_accuracy"
    direction: Literal["increasing", "decreasing"] = "decreasing"
    gating: bool = True
    which: ReadEpoch = "last"


@dataclass(frozen=True, kw_only=True)
class Steadier(Claim):
    """ "These runs differ less from seed to seed than those": standard deviations, on average over several cells.

    Attributes:
        pairs: in each cell the experiment said to be steadier, and the one it is compared with.
        which: the epoch at which each run is read.
    """

    pairs: tuple[tuple[str, str], ...]
    metric: str = "top1_accuracy"
    which: ReadEpoch = "last"


@dataclass(frozen=True, kw_only=True)
class Exact(Claim):
    """A count or a law that needs no training: ``measure()`` must equal ``value`` (within ``tolerance``).

    Attributes:
        measure: computes the number from the product's own code.
        kind: ``exact`` for a count, ``invariant`` for a law.
    """

    measure: Callable[[], float]
    value: float
    unit: str = "count"
    tolerance: float = 0.0
    kind: Literal["exact", "invariant"] = "exact"


@dataclass(frozen=True, kw_only=True)
class Compound(Claim):
    """A sentence made of several claims: it stands when at least ``at_least`` of its parts stand (all by default).

    Raises:
        ReproError: if it could not fall, or could not stand.
    """

    parts: tuple[Claim, ...]
    at_least: int | None = None

    def __post_init__(self) -> None:
        if not self.parts or not 1 <= (len(self.parts) if self.at_least is None else self.at_least) <= len(self.parts):
            raise ReproError(f"Claim {self.id} has {len(self.parts)} parts; it must need one of them, and at most all.")


@dataclass(frozen=True, kw_only=True)
class Dominance(Compound):
    """ "Smaller, and as accurate": two things that are traded against each other.

    The parts are, in this order: one is smaller than the other; one is as accurate as the other; the other is as
    accurate as one. The sentence stands where the first two do. It falls where the same can be said of the other: the
    first falls, and the third stands. A network that is smaller and less accurate is another point of the trade, and
    decides nothing.
    """


@dataclass(frozen=True)
class Deviation:
    """One setting in which a run differs from the published protocol."""

    path: str
    published: object
    ours: object
    material: bool

    def __str__(self) -> str:
        return f"{self.path}: {self.published} -> {self.ours}"


IMMATERIAL = ("precision", "seed", "schema_version")
"""Settings that may differ without barring a value verdict; everything else in a protocol is material (DESIGN 5)."""


def deviations(protocol: Protocol, published: Protocol) -> list[Deviation]:
    """Every setting in which a run's protocol differs from the published one, seeds aside.

    Args:
        protocol: what was run.
        published: the experiment's protocol at paper scale.

    Returns:
        Deviations in alphabetical order of their dotted path; ``material`` bars a value verdict.
    """
    ours, theirs = _flatten(canonical(protocol)), _flatten(canonical(published))
    return [
        Deviation(path, theirs.get(path), ours.get(path), path.split(".")[0] not in IMMATERIAL)
        for path in sorted(ours.keys() | theirs.keys())
        if ours.get(path) != theirs.get(path) and path != "seed"
    ]


def _flatten(value: object, prefix: str = "") -> dict[str, object]:
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = {str(i): v for i, v in enumerate(value)}.items()
    else:
        return {prefix: value}
    out: dict[str, object] = {}
    for key, item in items:
        out |= _flatten(item, f"{prefix}.{key}" if prefix else str(key))
    return out


@dataclass(frozen=True)
class Table:
    """A published table: the claims printed in it, under the name one types after ``--table``.

    Attributes:
        id, aliases: what one types.
        title: for people.
        claims: the numbers and sentences.
        seeds: of its runs.
        note: what a reader must know beside the numbers.
        on: makes the same table for a network and a data set, where what it says holds for any.
    """

    id: str
    title: str
    claims: tuple[Claim, ...]
    seeds: tuple[int, ...] = (42, 43, 44)
    aliases: tuple[str, ...] = ()
    note: str = field(default="")
    on: Callable[[str, str], Table] | None = None

    def about(self, network: str, data: str) -> Table:
        """The same table for another network and data set.

        Raises:
            ReproError: if its claims belong to the networks they name, or there is no such network or data set.
        """
        if self.on is None:
            raise ReproError(f"Table {self.id} is about the networks it names; leave --network and --dataset out.")
        return self.on(network, data)
