"""The experiments of the FlipOut paper as data: P1 to P11 of the sheet's section 6.1, at paper scale.

Ids read ``network/method/sparsity``: ``vgg19/flipout/99.9``, ``vgg19/flipout-noise0/75``,
``resnet18/global-magnitude-noise1.3/99.61``, ``vgg19/hoyer-square-6e-5``, ``densenet121/unpruned``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from papers.flipout import phases, recipes
from papers.flipout.settings import (
    HOYER_EPOCH,
    HOYER_EPOCHS,
    HOYER_LAMBDAS,
    SPARSITIES,
    STUDIED,
    dataset_of,
)
from shared.paper import Experiment
from shared.protocol import Method, Options, Phase, Protocol, Prunable

ALL = tuple(STUDIED)
WITH_BATCHNORM = Prunable(batchnorm=True)


@dataclass(frozen=True)
class Periodic:
    """A row of the paper's figures: halvings at the five intervals by one criterion, at one noise scale."""

    method: str
    title: str
    criterion: str
    noise: float = 0.0
    networks: tuple[str, ...] = ALL
    options: Options = field(default_factory=dict)
    penalties: tuple[Method, ...] = ()
    prunable: Prunable | None = None


P1: Options = {"p": 1}
"""The runs with p=1 date from April 2020, when the score was abs(w) / (F + 1), unsigned (sheet 4.3)."""

PERIODIC = (
    Periodic("flipout", "FlipOut", "flipout", 1.0),
    Periodic("global-magnitude", "global magnitude", "global-magnitude"),
    Periodic("random", "random", "random"),
    Periodic("layerwise-magnitude", "layer-wise magnitude", "layerwise-magnitude"),
    # P7, P8: noise ablation; the second scale of global magnitude is the best of a grid scored on the test set (T10)
    Periodic("flipout-noise0", "FlipOut without noise", "flipout"),
    Periodic("flipout-noise0.75", "FlipOut, noise 0.75", "flipout", 0.75, ("densenet121",)),
    Periodic("flipout-noise0.8", "FlipOut, noise 0.8", "flipout", 0.8, ("vgg19",)),
    Periodic("flipout-noise1.25", "FlipOut, noise 1.25", "flipout", 1.25, ("resnet18", "densenet121")),
    Periodic("global-magnitude-noise1", "global magnitude, noise 1", "global-magnitude", 1.0),
    Periodic("global-magnitude-noise0.7", "global magnitude, noise 0.7", "global-magnitude", 0.7, ("densenet121",)),
    Periodic("global-magnitude-noise1.1", "global magnitude, noise 1.1", "global-magnitude", 1.1, ("vgg19",)),
    Periodic("global-magnitude-noise1.3", "global magnitude, noise 1.3", "global-magnitude", 1.3, ("resnet18",)),
    # criterion variants (sheet 5.4)
    Periodic("flipout-p1", "FlipOut, p=1", "flipout", 1.0, options=dict(P1)),
    Periodic("flipout-squared-flips", "abs(w) / (F^2 + 1)", "flipout-squared-flips", 1.0, ("resnet18",)),
    Periodic("topflip", "most flips first", "topflip", 1.0, ("vgg19", "resnet18")),
    Periodic(
        "global-magnitude-batchnorm",
        "global magnitude, batch-norm weights too",
        "global-magnitude",
        networks=("resnet18",),
        prunable=WITH_BATCHNORM,
    ),
    Periodic(
        "flipout-p1-batchnorm",
        "FlipOut, p=1, batch-norm weights too",
        "flipout",
        1.0,
        ("resnet18",),
        dict(P1),
        prunable=WITH_BATCHNORM,
    ),
    # superseded Hoyer-Square with halvings: the rule is lost, this is our reading of it (sheet 5.4)
    Periodic(
        "hoyer-square-1e-4-halving",
        "Hoyer-Square 1e-4 with halvings (our reading)",
        "global-magnitude",
        networks=("vgg19", "resnet18"),
        penalties=(Method(name="hoyer-square", options={"strength": 1e-4}),),
    ),
    Periodic(
        "hoyer-square-1e-3-halving",
        "Hoyer-Square 1e-3 with halvings (our reading)",
        "global-magnitude",
        networks=("densenet121",),
        penalties=(Method(name="hoyer-square", options={"strength": 1e-3}),),
    ),
)

SNIP_EXTRA = {"99.902": 0.99902}
"""The grid's fifth SNIP cell as its statistics file has it, beside the README's 0.999 (trap T19)."""
SNIP_EARLY = {"95": 0.95, "98": 0.98}
"""Single runs of February 2020 (sheet 5.8)."""
HOYER_THRESHOLDS = {"vgg19": ("1e-4", "1e-5"), "resnet18": ("1e-4",), "densenet121": ("1e-4",)}

Build = Callable[[], tuple[Phase, ...]]


def experiments() -> dict[str, Experiment]:
    """Every experiment by id; building their protocols is left to whoever asks for one."""
    every = [*_periodic(), *_snip(), *_hoyer(), *_others()]
    return {e.id: e for e in every}


def _experiment(
    network: str,
    method: str,
    title: str,
    build: Build,
    *,
    at: str = "",
    variant: str = "published",
    prunable: Prunable | None = None,
    series: str = "",
    **labels: str | float,
) -> Experiment:
    def protocol(seed: int) -> Protocol:
        return phases.protocol(network, build(), seed, variant=variant, prunable=prunable)

    return Experiment(
        id="/".join([network, method] + [at] * bool(at)),
        title=", ".join([STUDIED[network], title] + [f"{at} %"] * bool(at)),
        protocol=protocol,
        labels={"network": network, "dataset": dataset_of(network), "method": method, "variant": variant, **labels},
        who=STUDIED[network],
        series=series or title,
    )


def _periodic() -> Iterator[Experiment]:
    for row in PERIODIC:
        for network in row.networks:
            for s in SPARSITIES:

                def build(row: Periodic = row, interval: int = s.interval) -> tuple[Phase, ...]:
                    methods = recipes.periodic(row.criterion, interval, noise_scale=row.noise, options=row.options)
                    return phases.pruned_while_training((*row.penalties, *methods))

                yield _experiment(
                    network,
                    row.method,
                    row.title,
                    build,
                    at=s.label,
                    prunable=row.prunable,
                    sparsity_percent=s.percent,
                    noise=row.noise,
                )


def _snip() -> Iterator[Experiment]:
    grid = {s.label: s.snip for s in SPARSITIES}
    early = {network: SNIP_EARLY for network in ("vgg19", "resnet18")}
    for network in ALL:
        wanted = {"published": grid | SNIP_EXTRA | early.get(network, {}), "corrected": grid}
        for variant, sparsities in wanted.items():
            for label, sparsity in sparsities.items():

                def build(sparsity: float = sparsity, variant: str = variant) -> tuple[Phase, ...]:
                    return phases.pruned_then_trained(sparsity, variant)

                name, title = (
                    ("snip", "SNIP") if variant == "published" else ("snip-corrected", "SNIP as its text says")
                )
                at = 100 * sparsity
                yield _experiment(network, name, title, build, at=label, variant=variant, sparsity_percent=at)


def _hoyer() -> Iterator[Experiment]:
    for network in ALL:
        for threshold in HOYER_THRESHOLDS[network]:
            for strength in HOYER_LAMBDAS:

                def build(strength: str = strength, threshold: str = threshold) -> tuple[Phase, ...]:
                    methods = recipes.hoyer_square(float(strength), float(threshold), HOYER_EPOCH)
                    return phases.pruned_while_training(methods, HOYER_EPOCHS)

                suffix, note = ("", "") if threshold == "1e-4" else (f"-threshold-{threshold}", f", cut at {threshold}")
                yield _experiment(
                    network,
                    f"hoyer-square-{strength}{suffix}",
                    f"Hoyer-Square {strength}{note}",
                    build,
                    series=f"Hoyer-Square{note}",
                    strength=float(strength),
                )


def _others() -> Iterator[Experiment]:
    interval = SPARSITIES[-1].interval
    flipout = recipes.periodic("flipout", interval, noise_scale=1.0)
    for network in ALL:
        yield _experiment(
            network, "unpruned", "unpruned", lambda: phases.pruned_while_training(()), sparsity_percent=0.0
        )
        yield _experiment(
            network,
            "flipout-int8",
            "FlipOut, then 8-bit weights and activations",
            lambda: phases.quantised(phases.pruned_while_training(flipout)),
            at="99.9",
        )
    yield _experiment(
        "resnet18", "flipout-continued", "FlipOut on a trained network", lambda: phases.continued(flipout), at="99.9"
    )
    one_shot = recipes.periodic("flipout", HOYER_EPOCH, fraction=0.999, noise_scale=1.0)
    yield _experiment(
        "densenet121",
        "flipout-one-shot",
        "FlipOut in one shot after epoch 350 of 500",
        lambda: phases.pruned_while_training(one_shot, HOYER_EPOCHS),
        at="99.9",
    )
