"""How many weights each layer keeps, as claims that need no training (sheet 7.1 to 7.5)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from papers.random_tickets import counts
from papers.random_tickets.names import METHOD
from papers.random_tickets.settings import DATASETS, NETWORKS, RATIOS
from papers.random_tickets.ticket import Ticket
from shared.claims import Claim, Exact

TABLE = "allocation"
SOURCE = "the authors' functions, executed (sheet 7.1 to 7.3)"


def claims() -> list[Claim]:
    """Totals and layers of every published allocation, dead first layers, and the counts of thresholds."""
    return [c for a in counts.allocations() for c in _allocation(a)] + _dead() + _corrected() + _thresholds()


def ticket_of(a: counts.Allocation) -> Ticket:
    """The random ticket of a row of allocation.csv."""
    return Ticket(
        network=a["network"],
        dataset=a["dataset"],
        profile=a["profile"],
        ratio=float(a["sparsity_percent"]) / 100,
        variant=a["variant"],
    )


def _allocation(a: counts.Allocation) -> list[Claim]:
    t = ticket_of(a)
    published = tuple(int(n) for n in a["kept"].split())
    name = f"{a['variant']}-{a['network']}-{a['dataset']}-{a['profile']}-{a['sparsity_percent']}"
    where = _where(t, a["profile"])
    return [
        _exact(f"kept-{name}", f"{where}: {int(a['total']):,} weights stay", int(a["total"]), counts.total_kept, t),
        Exact(
            id=f"layers-{name}",
            table=TABLE,
            text=f"{where}: every one of the {len(published)} layers keeps its published count",
            source=SOURCE,
            provenance="code",
            measure=partial(counts.largest_difference, t, published),
            value=0,
            kind="invariant",
        ),
    ]


def _dead() -> list[Claim]:
    """The authors' ascending profile leaves ResNet32 without a first layer, so its output is a constant (7.4)."""
    out: list[Claim] = []
    for ratio in RATIOS:
        t = Ticket(network="resnet32", ratio=ratio, profile="ascending", variant="published")
        text = f"{_where(t, 'ascending')}: nothing of the first convolution stays, so the network is a constant"
        out.append(_exact(f"dead-first-layer-{100 * ratio:g}", text, 0, counts.kept_first, t))
    return out


def _corrected() -> list[Claim]:
    """The corrected arithmetic keeps exactly what was asked for."""
    out: list[Claim] = []
    targets = {
        ("vgg19", "cifar10"): (2_002_400, 1_001_200, 400_480),
        ("vgg19", "cifar100"): (2_007_008, 1_003_504, 401_401),
        ("resnet32", "cifar10"): (185_558, 92_779, 37_111),
        ("resnet32", "cifar100"): (186_710, 93_355, 37_342),
    }
    for (network, dataset), kept in targets.items():
        for ratio, target in zip(RATIOS, kept, strict=True):
            t = Ticket(network=network, dataset=dataset, ratio=ratio)
            name = f"kept-corrected-{network}-{dataset}-{100 * ratio:g}"
            text = f"{_where(t, 'quadratic')}: exactly the target of {target:,} weights stays"
            out.append(_exact(name, text, target, counts.total_kept, t))
    return out


THRESHOLDS = {
    # (network, dataset): kept by SNIP, GraSP, lottery tickets at 90, 95, 98 %
    ("vgg19", "cifar10"): ((2002399, 1001200, 400480), (2002401, 1001201, 400481), (2002399, 1001199, 400479)),
    ("vgg19", "cifar100"): ((2007007, 1003504, 401401), (2007009, 1003505, 401403), (2007007, 1003503, 401401)),
    ("vgg19", "tiny-imagenet"): ((2012127, 1006064, 402425), (2012129, 1006065, 402427), (2012127, 1006063, 402425)),
    ("resnet32", "cifar10"): ((185558, 92779, 37111), (185560, 92781, 37113), (185558, 92779, 37111)),
    ("resnet32", "cifar100"): ((186710, 93355, 37342), (186712, 93357, 37344), (186710, 93355, 37341)),
    ("resnet32", "tiny-imagenet"): ((187990, 93995, 37598), (187992, 93997, 37600), (187990, 93995, 37597)),
}


def _thresholds() -> list[Claim]:
    out: list[Claim] = []
    for (network, dataset), by_method in THRESHOLDS.items():
        for method, kept in zip(("snip", "grasp", "lt"), by_method, strict=True):
            for ratio, count in zip(RATIOS, kept, strict=True):
                where = f"{NETWORKS[network]} on {DATASETS[dataset]}, {METHOD[method]} at {100 * ratio:g} %"
                out.append(
                    Exact(
                        id=f"threshold-{network}-{dataset}-{method}-{100 * ratio:g}",
                        table=TABLE,
                        text=f"{where}: {count:,} weights stay where no scores tie",
                        source="counting rules of the code (sheet 7.5)",
                        provenance="code",
                        measure=partial(counts.thresholded, network, dataset, method, ratio),
                        value=count,
                    )
                )
    return out


def _where(t: Ticket, profile: str) -> str:
    shape = "" if profile == "quadratic" else f", {profile} profile"
    whose = f" ({t.variant})"
    return f"{NETWORKS[t.network]} on {DATASETS[t.dataset]}, random ticket at {100 * t.ratio:g} %{shape}{whose}"


def _exact(id: str, text: str, value: float, measure: Callable[[Ticket], float], t: Ticket) -> Exact:
    return Exact(
        id=id,
        table=TABLE,
        text=text,
        source=SOURCE,
        provenance="code",
        measure=partial(measure, t),
        value=value,
    )
