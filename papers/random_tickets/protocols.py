"""The experiments as data: P1 to P8 and A1 to A4 of the sheet's section 6.1, at paper scale, and the sanity table's.

Ids read ``variant/network-data/method/sparsity[/check]``: ``answer42/vgg19-cifar10/grasp/95/corrupted``,
``published/resnet32-cifar100/random/98``, ``corrected/vgg19-cifar10/lr-rewinding/95/half-dataset``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from papers.random_tickets.names import METHOD, check_name, percent
from papers.random_tickets.phases import protocol
from papers.random_tickets.settings import DATASETS, NETWORKS, RATIOS
from papers.random_tickets.ticket import Ticket
from shared.paper import Experiment

CORRUPTED = ("random-labels", "random-pixels")
GRID = tuple((n, d) for n in NETWORKS for d in ("cifar10", "cifar100"))
MORE_RATIOS = (0.4, 0.6, 0.8, *RATIOS)
"""Of answer42's SNIP and GraSP on CIFAR-10."""
SANITY_NETWORK, SANITY_DATASET, SANITY_RATIO = "vgg19", "cifar10", 0.95
SANITY: dict[str, tuple[tuple[str, ...], ...]] = {
    # method: its checks in the sanity table
    "dense": ((),),
    "random": ((), ("layerwise-rearrange",)),
    "snip": ((), ("random-labels",), CORRUPTED, ("layerwise-rearrange",)),
    "grasp": ((), ("random-labels",), CORRUPTED, ("layerwise-rearrange",)),
    "lt": ((), ("random-labels",), CORRUPTED, ("layerwise-rearrange",)),
    "lr-rewinding": ((), CORRUPTED, ("half-dataset",), ("layerwise-rearrange",), ("layerwise-weight-shuffling",)),
}
PROFILES = ("linear", "cubic", "ascending", "balanced")


def id_of(t: Ticket) -> str:
    """The id of a ticket's experiment."""
    method = t.method if t.profile == "quadratic" else f"{t.method}-{t.profile}"
    ratio = "" if t.method == "dense" else f"/{percent(t.ratio)}"
    check = f"/{check_name(t.checks)}" if t.checks else ""
    return f"{t.variant}/{t.network}-{t.dataset}/{method}{ratio}{check}"


def title_of(t: Ticket) -> str:
    """The experiment for people."""
    level = "" if t.method == "dense" else f" at {percent(t.ratio)} %"
    return f"{who_of(t)}, {series_of(t, level)}"


def who_of(t: Ticket) -> str:
    """Network and data for people."""
    return f"{NETWORKS[t.network]} on {DATASETS[t.dataset]}"


def series_of(t: Ticket, level: str = "") -> str:
    """The method for people, with its profile, check and variant; ``level`` is what stands before the latter two."""
    profile = "" if t.profile == "quadratic" else f" ({t.profile} profile)"
    check = f", {check_name(t.checks).replace('-', ' ')}" if t.checks else ""
    whose = "" if t.variant == "published" else f" ({t.variant})"
    return f"{METHOD[t.method]}{profile}{level}{check}{whose}"


def experiments() -> dict[str, Experiment]:
    """All experiments by id."""
    return {id_of(t): experiment(t) for t in tickets()}


def experiment(t: Ticket) -> Experiment:
    """A ticket as an experiment."""
    labels: dict[str, str | float] = {
        "variant": t.variant,
        "network": t.network,
        "dataset": t.dataset,
        "method": t.method,
        "check": check_name(t.checks),
        "sparsity_percent": 0.0 if t.method == "dense" else round(100 * t.ratio, 6),
    }
    return Experiment(id_of(t), title_of(t), partial(protocol, t), labels, who_of(t), series_of(t))


def tickets() -> Iterator[Ticket]:
    """Every cell of every table."""
    yield from _published()
    yield from _answer42()
    yield from _sanity()


def _published() -> Iterator[Ticket]:
    for network, dataset in GRID:
        yield Ticket(network=network, dataset=dataset, method="dense", variant="published")
        for method in ("random", "snip", "grasp", "lt", "lr-rewinding", "hybrid"):
            for ratio in RATIOS:
                yield Ticket(network=network, dataset=dataset, method=method, ratio=ratio, variant="published")
    for network in NETWORKS:
        for profile in PROFILES:
            yield Ticket(network=network, profile=profile, variant="published")


def _answer42() -> Iterator[Ticket]:
    for network, dataset in GRID:
        yield Ticket(network=network, dataset=dataset, method="dense", variant="answer42")
        for method in ("random", "lr-rewinding", "hybrid"):
            for ratio in RATIOS:
                yield Ticket(network=network, dataset=dataset, method=method, ratio=ratio, variant="answer42")
        for method in ("snip", "grasp"):
            for ratio in MORE_RATIOS if dataset == "cifar10" else RATIOS:
                for checks in ((), CORRUPTED, ("layerwise-rearrange",)):
                    if checks and method == "snip" and dataset == "cifar100":
                        continue  # not run
                    yield Ticket(
                        network=network, dataset=dataset, method=method, ratio=ratio, checks=checks, variant="answer42"
                    )


def _sanity() -> Iterator[Ticket]:
    for method, all_checks in SANITY.items():
        for checks in all_checks:
            yield Ticket(
                network=SANITY_NETWORK,
                dataset=SANITY_DATASET,
                method=method,
                ratio=SANITY_RATIO,
                checks=checks,
                variant="corrected",
            )
