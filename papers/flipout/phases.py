"""The phases a run of FlipOut's study is made of, at paper scale (sheet 6.1)."""

from __future__ import annotations

from papers.flipout import recipes, settings
from shared.protocol import Method, Optimizer, Phase, Protocol, Prunable, Prune, Quantise, Schedule, Train

CONTINUED_LR = 1e-3


def train(methods: tuple[Method, ...] = (), epochs: int = settings.EPOCHS) -> Train:
    """The training phase all experiments share: SGD, batch 128, learning rate 0.1 cut tenfold after 150 and 250."""
    return Train(
        epochs=epochs,
        batch_size=settings.BATCH,
        optimizer=settings.SGD,
        schedule=settings.STEPS,
        methods=methods,
    )


def pruned_while_training(methods: tuple[Method, ...], epochs: int = settings.EPOCHS) -> tuple[Phase, ...]:
    """One training phase in which the components prune (P1-P3, P5, P7, P8)."""
    return (train(methods, epochs),)


def pruned_then_trained(sparsity: float, variant: str) -> tuple[Phase, ...]:
    """SNIP at initialisation, then training with what is left (P4)."""
    return (Prune(method=recipes.snip(sparsity, variant)), train(recipes.after_snip(variant)))


def continued(methods: tuple[Method, ...]) -> tuple[Phase, ...]:
    """Pruning that starts from a trained network, at a constant learning rate (P9)."""
    again = Train(
        name="continue",
        epochs=settings.EPOCHS,
        batch_size=settings.BATCH,
        optimizer=Optimizer(lr=CONTINUED_LR, momentum=0.9, weight_decay=settings.WEIGHT_DECAY),
        schedule=Schedule(),
        methods=methods,
    )
    return (train(), again)


def quantised(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """A trained network, quantised to 8 bits afterwards (P11)."""
    return (*phases, Quantise())


def protocol(
    network: str,
    phases: tuple[Phase, ...],
    seed: int,
    *,
    variant: str = "published",
    prunable: Prunable | None = None,
) -> Protocol:
    """The run of a network on the data set the paper trains it on."""
    dataset = settings.dataset_of(network)
    return Protocol(
        paper="flipout",
        variant=variant,
        model=settings.model_for(network, dataset),
        data=settings.DATA[dataset],
        prunable=prunable or Prunable(),
        phases=phases,
        seed=seed,
    )
