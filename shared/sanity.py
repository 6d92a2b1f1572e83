"""Sanity checks of any run: what happens to the ticket if its data, its mask or its weights are spoilt.

A protocol goes in, a protocol comes out; nothing is run here, and torch is not imported (random_tickets sheet, 4.11).
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import ReproError, unknown
from shared.protocol import Method, Phase, Protocol, Prune, Rewind, Train

DATA_CHECKS = ("random-labels", "random-pixels", "half-dataset")
STRUCTURE_CHECKS = ("layerwise-rearrange", "layerwise-weight-shuffling")
CHECKS = (*DATA_CHECKS, *STRUCTURE_CHECKS)
CHANGE_MASKS = ("prune", "prune-after", "prune-gradually", "reallocate", "deep-rewiring")
"""Components that prune or grow while training: the ticket is what they end with."""
HOLD_MASKS = ("masked-weights",)
STAY = ("learning-rate-table", "dropout", "seed-dropout", "repeat-updates", *HOLD_MASKS)
"""Components that say how to train, and that the ticket is trained with again."""
STEADY = (
    *STAY, "mask-gradients", "frozen-zeros", "freeze-zeros", "clip-gradient-norm", "gradient-noise", "hoyer-square",
    "group-hoyer", "l1", "l2", "regulariser", "hold-norm", "anneal-weight-decay", "anneal-lr", "tied-gradients",
    "stored-weights", "keep-gradients", "count-flips",
)  # fmt: skip
"""Components that a training ends with the same masks with; one that is not named may change them."""
BLIND = (
    "random", "rand", "magnitude", "mag", "synflow", "random-ticket", "hybrid-ticket", "prune-by-threshold",
    "sparse-init", "erdos-renyi-init", "tie",
)  # fmt: skip
"""Prunings and scores that look at no data."""
MEASURES = ("measure-compact",)
"""Phases that have the place of a pruning and remove nothing."""
RESETS = ("keep-initial", "restore-initial", "restart")
"""Phases that reset weights by their own means, after which nothing is left of a check of the weights."""
Checks = tuple[Method, ...]
Phases = tuple[Phase, ...]


def with_checks(protocol: Protocol, names: Sequence[str]) -> Protocol:
    """The run with some checks applied.

    Where a pruning phase comes first, the data it scores, its masks or the weights it leaves are spoilt, and training
    sees clean data. Where it comes after trainings, the data of all of them are spoilt, and those it scores if it does,
    so that the ticket is drawn from spoilt data alone; or the ticket is spoilt. Where pruning happens during training,
    the run is trained on the spoilt data, then its ticket (the masks it ends with) is rearranged or shuffled, set back
    to the initial weights, and trained again on clean data.

    Args:
        protocol: without checks.
        names: of ``CHECKS``; they act in that order.

    Raises:
        ReproError: for an unknown check, one without effect, or if the run prunes nothing, or more than once.
    """
    if not names:
        return protocol
    for name in names:
        if name not in CHECKS:
            raise unknown("sanity check", name, CHECKS)
    checks = tuple(Method(name=name) for name in CHECKS if name in names)
    data = tuple(c for c in checks if c.name in DATA_CHECKS)
    masks = tuple(c for c in checks if c.name == "layerwise-rearrange")
    weights = tuple(c for c in checks if c.name == "layerwise-weight-shuffling")
    prunings = [i for i, phase in enumerate(protocol.phases) if _removes(phase)]
    trainings = [phase for phase in protocol.phases if isinstance(phase, Train)]
    phases = protocol.phases
    if any(_prunes(t, alone=not prunings) for t in trainings):
        return protocol.with_(phases=_found_in_training(phases, data, masks, weights))
    if any(isinstance(p, Prune) and p.method.name == "tie" for p in phases):
        raise ReproError("--check needs a run that removes weights; this one ties them, so choose another method.")
    if prunings == [0]:
        _refuse_blind(phases[0], data)
        first = phases[0].model_copy(update={"checks": checks})
        return protocol.with_(phases=(first, *phases[1:]))
    if len(prunings) == 1:
        _refuse_resets(phases)
        return protocol.with_(phases=_from_trained(phases, prunings[0], data, masks, weights))
    raise ReproError(
        "--check needs a run that prunes once, or in one training; this one prunes "
        f"{'nothing' if not prunings else 'several times'}, so choose another method."
    )


def _removes(phase: Phase) -> bool:
    """Whether a phase prunes: it is no training, and neither measures nor resets."""
    return isinstance(phase, Prune) and phase.method.name not in (*MEASURES, *RESETS)


def _prunes(train: Train, *, alone: bool) -> bool:
    """Whether a training ends with other masks than it began with; if nothing else prunes, its components may."""
    names = {m.name for m in train.methods}
    return bool(names & set(CHANGE_MASKS)) or (alone and bool(names - set(STEADY)))


def _score(prune: Prune) -> str:
    """What a pruning goes by."""
    return str(prune.method.options.get("pruner", prune.method.name))


def _refuse_blind(prune: Phase, data: Checks) -> None:
    """Refuse to spoil data that a pruning never looks at."""
    if data and isinstance(prune, Prune) and (score := _score(prune)) in BLIND:
        raise ReproError(
            f"--check {data[0].name} has no effect: {score} prunes without looking at data; "
            f"there is --check {' and '.join(STRUCTURE_CHECKS)}."
        )


def _refuse_resets(phases: Phases) -> None:
    """Refuse a ticket whose weights are put back by a component, which knows no checks."""
    name = next((p.method.name for p in phases if isinstance(p, Prune) and p.method.name in RESETS), None)
    if name is not None:
        raise ReproError(f"--check needs a run that rewinds, if at all, by a rewind phase; this one has {name}.")


def _from_trained(phases: Phases, at: int, data: Checks, masks: Checks, weights: Checks) -> Phases:
    """Spoil all that the ticket is drawn from, the ticket, or its weights (after a rewind if there is one).

    A training that is left clean would hand its clean weights on: all those before the pruning are spoilt.
    """
    out = [p.model_copy(update={"checks": data}) if isinstance(p, Train) else p for p in phases[:at]]
    prune, after = phases[at], phases[at + 1 : at + 2]
    assert isinstance(prune, Prune)
    scored = () if _score(prune) in BLIND else data
    if after and isinstance(after[0], Rewind):
        out.append(prune.model_copy(update={"checks": (*scored, *masks)}))
        out.append(after[0].model_copy(update={"checks": weights}))
    else:
        out.append(prune.model_copy(update={"checks": (*scored, *masks, *weights)}))
    return (*out, *phases[len(out) :])


def _found_in_training(phases: Phases, data: Checks, masks: Checks, weights: Checks) -> Phases:
    """Take the masks that the training ended with, go back to its beginning, and train what is left.

    The check of the weights comes after the rewind: it is the initial weights that are shuffled. Phases before the
    training (initial masks) stay as they are.

    Raises:
        ReproError: if something follows the training, or comes in between: it would measure the unspoilt run.
    """
    start = next(i for i, phase in enumerate(phases) if isinstance(phase, Train))
    trainings = [phase for phase in phases[start:] if isinstance(phase, Train)]
    if len(trainings) < len(phases) - start:
        raise ReproError("--check needs a run whose last phases are its training; leave out what comes after.")
    return (
        *phases[:start],
        *(t.model_copy(update={"checks": data}) for t in trainings),
        Prune(name="check", method=Method(name="keep-masks"), checks=masks),
        Rewind(phase=trainings[0].name, epoch=0, checks=weights),
        *(_again(t, position) for position, t in enumerate(trainings, 1)),
    )


def _again(found: Train, position: int) -> Train:
    """The training of the ticket: the same without what changes masks."""
    stay = tuple(m for m in found.methods if m.name in (*STAY, "mask-gradients"))
    held = any(m.name in (*HOLD_MASKS, "mask-gradients") for m in stay)
    methods = stay if held else (*stay, Method(name="mask-gradients"))
    name = "ticket" if position == 1 else f"ticket-{position}"
    return found.model_copy(update={"name": name, "methods": methods, "checks": ()})
