"""Before any run: which claims of a table can be decided at all, and with how many seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from repro.verdicts.cells import Cell, Key, leaves, published_cells
from repro.verdicts.noise_floor import evaluated_images
from repro.verdicts.power import TARGET, order_power, seeds_for_power, seeds_to_order, stand_in_power, tost_power
from repro.verdicts.reading import Reading, floor_of, readings
from repro.verdicts.rules import is_chance
from repro.verdicts.table import find_table
from repro.verdicts.verdict import Kind, kind_of
from repro.verdicts.wording import num
from shared.claims import Claim, Ordering, Table, Value
from shared.paper import Paper
from shared.protocol import Scale


@dataclass(frozen=True)
class PowerPlan:
    """What a number of seeds can do for one claim.

    Attributes:
        claim: its id.
        kind: its kind.
        seeds: the number planned.
        n1, sd, margin: the published side, as the verdict will read it.
        power: probability that the planned seeds show equivalence (or the ordering, before Holm's correction) if the
            published numbers are true; 0 where runs at this scale never judge the claim.
        needed_n: seeds for 80 % power; ``None`` if no number does, or if it cannot be known.
        best_power: the highest such probability of any number of seeds.
        decidable: whether any number of seeds at this scale reaches 80 %; ``None`` if it cannot be known.
        text: the above as one sentence.
    """

    claim: str
    kind: Kind
    seeds: int
    n1: int | None = None
    sd: float | None = None
    margin: float | None = None
    power: float | None = None
    needed_n: int | None = None
    best_power: float | None = None
    decidable: bool | None = None
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def power_plan(paper: Paper, table: Table | str, seeds: Sequence[int], scale: Scale = "paper") -> list[PowerPlan]:
    """Seeds needed for each claim of a table, the parts of compounds among them.

    Our runs are assumed to have the published spread, and the published numbers to be true. Runs below the paper's
    scale judge no number, however many they are.

    Args:
        paper: the paper.
        table: the table or its name.
        seeds: the seeds planned.
        scale: of the runs planned.
    """
    cells, claims = published_cells(paper), leaves(find_table(paper, table).claims)
    together = sum(kind_of(c) in CORRECTED and getattr(c, "gating", True) for c in claims)
    return [_plan(claim, paper, cells, len(seeds), scale, together) for claim in claims]


CORRECTED = ("ordering", "trend", "steadier")
"""Kinds of sentences that Holm's correction takes together (``repro.verdicts.correction``)."""


def _plan(claim: Claim, paper: Paper, cells: Mapping[Key, Cell], seeds: int, scale: Scale, together: int) -> PowerPlan:
    if isinstance(claim, Value):
        return _value(claim, paper, seeds, scale)
    if isinstance(claim, Ordering) and claim.within is None:
        return _ordering(claim, cells, seeds, scale, together if claim.gating else 1)
    if kind_of(claim) in ("exact", "invariant"):
        return PowerPlan(claim.id, kind_of(claim), seeds, needed_n=0, decidable=True, text="Needs no run.")
    text = {
        "collapse": "Each run is judged on its own: one seed speaks, more show whether all do.",
        "trend": "A trend over runs: its power depends on spreads that the source does not state.",
    }.get(kind_of(claim), "Its power depends on spreads that the source does not state.")
    return PowerPlan(claim.id, kind_of(claim), seeds, text=text)


def _value(claim: Value, paper: Paper, seeds: int, scale: Scale) -> PowerPlan:
    margin = claim.margin + claim.rounding
    if not claim.experiment:
        text = "No experiment here runs what this number was measured on."
        return PowerPlan(claim.id, "value", seeds, claim.n, claim.sd, margin, decidable=False, text=text)
    if scale != "paper":
        text = "Shown only: a number takes runs at paper scale."
        return PowerPlan(claim.id, "value", seeds, claim.n, claim.sd, margin, 0.0, decidable=False, text=text)
    if claim.seed is not None:
        text = "The number of one published run can be screened, never confirmed."
        return PowerPlan(claim.id, "value", seeds, 1, None, margin, decidable=False, text=text)
    if claim.statistic == "median":
        text = "Judged by ranks: its power depends on the whole distribution, not on the published spread."
        return PowerPlan(claim.id, "value", seeds, claim.n, claim.sd, margin, text=text)
    protocol = paper.experiments[claim.experiment].protocol(0)
    images = evaluated_images(protocol.data)
    chance = is_chance(claim, protocol)
    options, _ = readings(claim, chance=chance, images=images)
    reading = max(options, key=lambda r: r.sd or 0.0)
    if reading.sd == 0:
        text = "A collapse: two seeds that collapse as well decide."
        return PowerPlan(claim.id, "value", seeds, reading.n, 0.0, margin, 1.0, 2, 1.0, True, text)
    sd = reading.sd or reading.at_least or floor_of(claim, claim.value, images)
    if not sd:
        text = "The source gives no spread: what seeds can do is known only after the first runs."
        return PowerPlan(claim.id, "value", seeds, reading.n, None, margin, text=text)
    power, best, needed = _powers(reading, margin / sd, seeds)
    assumed = "" if reading.sd else " (no published spread of several runs: ours is assumed to be this)"
    start = f"Published mean of {reading.n} with spread {num(sd)}{assumed}, margin {num(margin)}"
    if needed is None:
        text = f"{start}: no number of seeds reaches 80 % power; the best reaches {100 * best:.0f} %."
    else:
        text = f"{start}: {needed} seeds reach 80 % power."
    if seeds >= 2:
        text += f" {seeds} seeds have {100 * power:.0f} %."
    else:
        text += " One seed can only screen."
    return PowerPlan(claim.id, "value", seeds, reading.n, sd, margin, power, needed, best, needed is not None, text)


def _powers(reading: Reading, ratio: float, seeds: int) -> tuple[float, float, int | None]:
    """Power of the planned seeds, of the best number, and seeds for 80 %."""
    known = reading.sd is not None
    needed, best = seeds_for_power(reading.n, ratio, spread_known=known)
    if seeds < 2:
        return 0.0, best, needed
    return (tost_power if known else stand_in_power)(reading.n, seeds, ratio), best, needed


def _ordering(claim: Ordering, cells: Mapping[Key, Cell], seeds: int, scale: Scale, together: int) -> PowerPlan:
    """The plan of "A beats B", for the unpaired test.

    Args:
        together: sentences of the table that Holm's correction takes together; 1 for one that is not counted.
    """
    sides = zip((claim.better, claim.worse), claim.metrics, strict=True)
    a, b = (cells.get((*side, claim.which)) for side in sides)
    if a is None or b is None or a.sd is None or b.sd is None or not (a.sd or b.sd):
        text = "The source gives no spread of both sides: seeds needed are known only after the first runs."
        return PowerPlan(claim.id, "ordering", seeds, text=text)
    sd, gap = ((a.sd**2 + b.sd**2) / 2) ** 0.5, a.mean - b.mean - claim.by
    if gap <= 0:
        text = f"The published numbers go the other way by {num(-gap)}: no number of seeds would support it."
        return PowerPlan(claim.id, "ordering", seeds, None, sd, decidable=False, text=text)
    needed, power = seeds_to_order(gap / sd), order_power(seeds, gap / sd)
    shown = f"{needed} seeds a side reach" if needed else "no practical number of seeds reaches"
    text = f"Published difference {num(gap)} with spread {num(sd)}: {shown} {100 * TARGET:.0f} % power"
    if seeds < 2:
        text += "; one seed a side decides nothing."
    else:
        text += f"; {seeds} have {100 * power:.0f} %"
        least = 100 * order_power(seeds, gap / sd, together)
        text += f", at least {least:.0f} % after Holm's correction over {together} sentences." if together > 1 else "."
    text += " As if unpaired; pairing helps where both sides move together." if claim.paired else ""
    text += f" At {scale} scale difference and spread may be others." if scale != "paper" else ""
    return PowerPlan(claim.id, "ordering", seeds, None, sd, None, power, needed, None, needed is not None, text)
