"""Every published number of this paper and its reproduction as a claim, in the tables one types after ``--table``."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from papers.random_tickets import allocation_claims, counts, sentences
from papers.random_tickets.names import METHOD, SPOKEN_CHECK
from papers.random_tickets.settings import DATASETS, NETWORKS
from papers.random_tickets.ticket import Ticket
from shared import claim_file
from shared.claim_file import Row, settings_of
from shared.claims import Claim, Exact, Ordering, Table

TITLES = {
    "random-tickets": "Random tickets with smart ratios: the reproduction, and the paper's means implied by it",
    "grasp": "GraSP with corrupted data and rearranged masks (answer42, CIFAR-10 and CIFAR-100)",
    "snip": "SNIP with corrupted data and rearranged masks (answer42)",
    "partially-trained": "Learning-rate rewinding and hybrid tickets (answer42)",
    "comparison": "Random tickets beside SNIP, GraSP, rewinding and hybrid tickets (answer42)",
    "profiles": "Shares that fall, stay or rise with depth (the authors' ablation, CIFAR-10, 98 %)",
    "dense": "Dense networks (answer42)",
    "paper": "The paper's own tables, as recalled",
    "sanity": "Sanity checks of six methods on one network",
    "allocation": "Weights each layer keeps",
}
ALIASES = {"random-tickets": ("seed",), "allocation": ("counts",), "partially-trained": ("rewinding", "hybrid")}
NOTES = {
    "random-tickets": (
        "The brackets of the reproduction's table are reproduction minus paper; they compare two protocols (weight "
        "decay, batch size, initial weights, depth constant), so a difference is no failed replication by itself."
    ),
    "grasp": "One run each, last epoch.",
    "snip": "One run each, without a seed; the score is taken from weights that are drawn anew (trap 5).",
    "partially-trained": "One run each, seed 2020; the best epoch is chosen on the test set and never decides.",
    "paper": "From memory, unverified: shown, never decisive. The random tickets equal the implied means.",
    "comparison": "Not a table of the paper: what it says of several of its tables, on the runs of all of them.",
    "profiles": (
        "The figure's numbers are not known. The authors' ascending ResNet32 keeps none of the 864 weights of its "
        "first layer (see table allocation): its runs can only end at chance."
    ),
    "sanity": "Not a table of the paper: its checks on VGG19, CIFAR-10, 95 %, in the variant corrected.",
}
SEEDS = (0, 1, 2)
"""0 is the seed of the reproduction's table; seeds do not transfer between code bases, distributions are compared."""


rows = cache(partial(claim_file.read, Path(__file__).with_name("claims.csv")))
"""The rows of claims.csv."""


@cache
def tables() -> dict[str, Table]:
    """All tables, each with its numbers first and the sentences it carries after them."""
    claims = [*map(claim_of, rows()), *sentences.SANITY, *allocation_claims.claims()]
    return claim_file.tables(TITLES, claims, sentences.of_table, seeds=SEEDS, aliases=ALIASES, notes=NOTES)


def claim_of(row: Row) -> Claim:
    """The claim that a row states."""
    if row["metric"] == "remaining_weights_percent":
        return _share(row)
    if row["metric"] == "top1_accuracy_difference_to_paper":
        return _difference(row)
    best = settings_of(row).get("epoch") == "best"
    text = f"{_subject(row)}{', best epoch' if best else ''}: {float(row['value']):g}{_spread(row)} %"
    which = "best" if best else "last" if "epoch" in settings_of(row) else "unknown"
    return claim_file.value(row, text, which=which)


def _difference(row: Row) -> Ordering:
    """A bracketed number of the reproduction's table: how far it says it is from the paper."""
    return Ordering(
        id=row["claim_id"],
        table=row["verify_table"],
        text=(
            f"{_subject(row)}: the reproduction and the paper ({float(row['value']):+g} points as printed) "
            f"agree within {'1 point' if row['margin'] == '1.0' else row['margin'] + ' points'}"
        ),
        source=row["source"],
        provenance=row["provenance"],
        note=row["note"],
        better=row["experiment"],
        worse=row["experiment"].replace("answer42/", "published/"),
        within=float(row["margin"]),
    )


def _share(row: Row) -> Exact:
    t = Ticket(
        network=row["network"],
        dataset=row["dataset"],
        method="hybrid",
        ratio=float(row["sparsity_percent"]) / 100,
        variant="answer42",
    )
    text = f"{_subject(row)}: the shares before rounding keep {row['value']} % of the weights"
    return claim_file.exact(row, text, partial(counts.real_keep_percent, t), unit="percent")


def _subject(row: Row) -> str:
    """The row in words: ``VGG19 on CIFAR-10, GraSP at 95 % with masks rearranged in each layer (answer42)``."""
    variant, _, method, *rest = row["experiment"].split("/")
    level = f" at {rest[0]} %" if rest else ""
    check = f" {SPOKEN_CHECK[rest[1]]}" if len(rest) > 1 else ""
    whose = " (answer42)" if variant == "answer42" else ""
    return f"{NETWORKS[row['network']]} on {DATASETS[row['dataset']]}, {METHOD[method]}{level}{check}{whose}"


def _spread(row: Row) -> str:
    return f" ± {float(row['sd']):g}" if row["sd"] else ""
