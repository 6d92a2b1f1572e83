"""From a ticket to the phases of its run (sheet 4 and 6.1)."""

from __future__ import annotations

from papers.random_tickets import checks, settings
from papers.random_tickets.schedules import Rule, milestones_of, resumed, steps
from papers.random_tickets.ticket import INITIAL, Ticket
from shared.protocol import Method, Options, Phase, Protocol, Prune, Rewind, Schedule, Train

PRETRAIN = "pretrain"


def protocol(t: Ticket, seed: int) -> Protocol:
    """The run, at paper scale."""
    return Protocol(
        paper="random_tickets",
        variant=t.variant,
        model=settings.model_for(t.network, t.dataset, t.code),
        data=settings.data_for(t.dataset, t.code),
        phases=phases(t),
        seed=seed,
    )


def phases(t: Ticket) -> tuple[Phase, ...]:
    """Dense; or prune and train; or train, prune, rewind and train again."""
    if t.method == "dense":
        return (_train(t, t.length),)
    if t.method in INITIAL:
        score = Prune(method=pruner(t), checks=(*checks.of_data(t), *checks.of_masks(t), *checks.of_weights(t)))
        return (score, _train(t, t.length, methods=_masked(t)))
    first = _train(t, t.length, name=PRETRAIN).model_copy(update={"checks": checks.of_data(t)})
    back = _rewind(t)
    shuffled = () if back else checks.of_weights(t)  # after the rewind, if there is one
    prune = Prune(method=pruner(t), checks=(*checks.of_masks(t), *shuffled))
    return (first, prune, *back, _retrain(t))


def pruner(t: Ticket) -> Method:
    """The pruning phase's method."""
    options: Options = {"sparsity": t.ratio}
    if t.method in ("random", "hybrid"):
        return Method(name=f"{t.method}-ticket", options=options | smart_options(t))
    if t.method in ("snip", "grasp"):
        return Method(name=f"{t.method}-balanced", options=options | _scoring(t))
    counts = {"published": "lottery-ticket", "answer42": "ties-kept", "corrected": "exact"}
    return Method(name="magnitude", options=options | {"count": counts[t.variant]})


def smart_options(t: Ticket) -> Options:
    """The rule of the smart ratios; defaults are left out."""
    penalty = settings.family(t.network) == "vgg" if t.depth_penalty is None else t.depth_penalty
    depth = settings.depth_constant(t.variant, t.network)
    changed: Options = {"arithmetic": t.variant}
    if penalty:
        changed["depth_penalty"] = True
    if t.profile != "quadratic":
        changed["profile"] = t.profile
    if t.last_layer_keep != settings.LAST_LAYER_KEEP:
        changed["linear_keep"] = t.last_layer_keep
    if depth is not None:
        changed["depth"] = depth
    return changed


def _scoring(t: Ticket) -> Options:
    options: Options = {"variant": t.variant}
    if t.method == "snip" and t.variant == "answer42":
        return options  # one plain batch
    per_class, rounds = settings.scoring(t.variant, t.method, t.network, t.dataset)
    options |= {"per_class": t.samples_per_class or per_class, "rounds": t.score_rounds or rounds}
    if t.method == "grasp":
        options |= {"temperature": t.temperature, "redraw_classifier": t.redraw_classifier}
        if t.variant == "answer42" and checks.of_data(t):
            options["repeat_samples"] = True  # trap 22
    return options


def _train(t: Ticket, epochs: int, *, name: str = "train", methods: tuple[Method, ...] = ()) -> Train:
    schedule = Schedule(kind="linear", epochs=epochs) if t.linear_lr else steps(milestones_of(epochs))
    return Train(
        name=name,
        epochs=epochs,
        batch_size=t.batch_size or t.code.batch_size,
        optimizer=settings.optimizer(t.code, t.network, t.weight_decay, t.lr),
        schedule=schedule,
        methods=methods,
    )


def _retrain(t: Ticket) -> Train:
    """The second training: from the start (lottery tickets), from the rewind epoch, or at the last rate (magnitude)."""
    epochs = t.second_length
    train = _train(t, epochs, methods=_masked(t))
    if t.method == "lt":
        return train
    lr, schedule = t.lr * settings.GAMMA**2, Schedule()
    if t.method != "magnitude":
        rule: Rule = t.variant  # type: ignore[assignment]
        lr, schedule = resumed(t.length, t.rewound_to, epochs, rule, t.lr)
    optimizer = train.optimizer.model_copy(update={"lr": lr})
    return train.model_copy(update={"optimizer": optimizer, "schedule": schedule})


def _rewind(t: Ticket) -> tuple[Rewind, ...]:
    """To the initialisation, or to the rewind epoch; answer42 copies the network one epoch late (trap 15)."""
    if t.method == "lt":
        return (Rewind(phase=PRETRAIN, epoch=0, checks=checks.of_weights(t)),)
    if t.method == "weight-rewinding":
        late = 1 if t.variant == "answer42" else 0
        return (Rewind(phase=PRETRAIN, epoch=t.rewound_to + late, checks=checks.of_weights(t)),)
    return ()


def _masked(t: Ticket) -> tuple[Method, ...]:
    """The published code has no masks: a weight that is exactly 0 gets no gradient (sheet 4.4)."""
    return (Method(name="freeze-zeros" if t.variant == "published" else "mask-gradients"),)
