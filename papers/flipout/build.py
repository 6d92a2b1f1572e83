"""From typed options to a paper-scale run (``repro run flipout ...``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from papers.flipout import recipes, settings
from papers.flipout.choice import Choice, read
from papers.flipout.options import PERIODIC
from papers.flipout.refusals import check
from papers.flipout.target import interval_for_sparsity
from shared.errors import ReproError
from shared.protocol import Method, Optimizer, Options, Phase, Protocol, Prunable, Prune, Quantise, Schedule, Train


def build(options: Mapping[str, Any]) -> Protocol:
    """The run that these options describe; what is not given follows the paper.

    Args:
        options: typed options by name (``None`` counts as not typed), ``seed`` and ``variant`` among them.

    Raises:
        ReproError: an option is unknown, out of range, without effect, or cannot be combined with another.
    """
    c = read(options)
    check(c)
    dataset = c["dataset"]
    permuted = {"val_rule": "permuted"} if c["val_size"] and dataset == "imagenette" else {}
    data = settings.DATA[dataset].model_copy(
        update={"val_size": c["val_size"], "evaluate_on": c["eval_split"], **permuted}
    )
    try:
        return Protocol(
            paper="flipout",
            variant=c["variant"],
            model=settings.model_for(c["network"], dataset),
            data=data,
            prunable=Prunable(bias=c["prune_bias"], batchnorm=c["prune_batchnorm"]),
            phases=_phases(c),
            seed=c["seed"],
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ReproError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error


def _phases(c: Choice) -> tuple[Phase, ...]:
    train = Train(
        epochs=c["epochs"],
        batch_size=c["batch_size"],
        optimizer=Optimizer(name=c["optimizer"], lr=c["lr"], momentum=c["momentum"], weight_decay=c["weight_decay"]),
        schedule=_schedule(c),
        methods=(*_penalties(c), *_gradients(c), *_pruning(c), *_annealing(c)),
    )
    before: tuple[Phase, ...] = ()
    if c["method"] == "snip":
        before = (Prune(method=recipes.snip(c["sparsity"], c["variant"])),)
    after: tuple[Phase, ...] = ()
    if c["quantise"]:
        after = (
            Quantise(
                weight_observer=c["quantise_weight_observer"],
                activation_observer=c["quantise_activation_observer"],
                scheme=c["quantise_scheme"],
            ),
        )
    return (*before, train, *after)


def _schedule(c: Choice) -> Schedule:
    """Milestones as typed, or the paper's at their relative place in the run."""
    epochs = c["epochs"]
    if c["lr_milestones"] == "none" or (c["anneal_lr"] and c["variant"] == "published"):
        return Schedule()
    if "lr_milestones" in c.typed:
        milestones = _milestones(c["lr_milestones"], epochs)
    else:
        scaled = {max(1, round(m * epochs / settings.EPOCHS)) for m in settings.MILESTONES}
        milestones = tuple(sorted(m for m in scaled if m < epochs))
    return Schedule(kind="multistep", milestones=milestones, gamma=c["lr_gamma"]) if milestones else Schedule()


def _milestones(text: str, epochs: int) -> tuple[int, ...]:
    try:
        milestones = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ReproError(f"--lr-milestones takes epochs such as 150,250, or none, not {text!r}.") from None
    if list(milestones) != sorted(set(milestones)) or milestones[0] < 1:
        raise ReproError(f"--lr-milestones must be increasing epochs from 1, not {text}.")
    if milestones[-1] >= epochs:
        raise ReproError(f"--lr-milestones {text}: the cut after epoch {milestones[-1]} never acts in {epochs} epochs.")
    return milestones


def _penalties(c: Choice) -> tuple[Method, ...]:
    annealed: Options = {"anneal": True} if c["anneal_weight_decay"] else {}
    out = []
    for option, name in (
        ("hoyer_lambda", "hoyer-square"),
        ("group_hoyer_lambda", "group-hoyer"),
        ("l1", "l1"),
        ("l2", "l2"),
    ):
        if c[option] is not None:
            stop: Options = {}
            if option == "hoyer_lambda" and c["hoyer_stop_epoch"] is not None:
                stop = {"last_epoch": c["hoyer_stop_epoch"]}
            if option == "hoyer_lambda" and c["hoyer_prunable_only"]:
                stop |= {"tensors": "prunable"}
            out.append(Method(name=name, options={"strength": c[option], **stop, **annealed}))
    return tuple(out)


def _gradients(c: Choice) -> tuple[Method, ...]:
    """Masks, noise and clipping, in this order (sheet 4.1)."""
    out: list[Method] = []
    if c["method"] == "snip":
        out += recipes.after_snip(c["variant"])
    elif c["method"] != "none":
        out.append(recipes.MASK_GRADIENTS)
    if c["grad_noise"]:
        options: Options = {"scale": c["grad_noise_scale"]}
        if c["grad_noise_stop_epoch"] is not None:
            options["stop_epoch"] = c["grad_noise_stop_epoch"]
        if c["grad_noise_mode"] != "per-tensor":
            options["mode"] = c["grad_noise_mode"]
        for switch in ("prunable_only", "scale_by_lr"):
            if c[f"grad_noise_{switch}"]:
                options[switch] = True
        out.append(Method(name="gradient-noise", options=options))
    if c["clip_grad_norm"] is not None:
        out.append(Method(name="clip-gradient-norm", options={"limit": c["clip_grad_norm"]}))
    return tuple(out)


def _pruning(c: Choice) -> tuple[Method, ...]:
    method = c["method"]
    if method in ("none", "snip"):
        return ()
    options: Options = {"interval": c["prune_interval"]}
    if method in PERIODIC:
        options["fraction"] = c["prune_fraction"]
        if c["prune_interval"] is None:
            options["interval"] = interval_for_sparsity(c["sparsity"], c["prune_fraction"], c["epochs"])
    if c["prune_stop_epoch"] is not None:
        options["stop_epoch"] = c["prune_stop_epoch"]
    if method in ("threshold", "flip"):
        options["threshold"] = c["threshold"]
    if method == "sensitivity":
        options["sensitivity"] = c["sensitivity"]
    if method == "flipout" and c["flipout_p"] != 2:
        options |= _power(c)
    if c["flips_offset"] != 1:
        options["offset"] = c["flips_offset"]
    counting = (recipes.COUNT_FLIPS,) if method in recipes.FLIP_CRITERIA else ()
    return (*counting, recipes.prune(method, c["variant"], options))


def _power(c: Choice) -> Options:
    """``abs(w)^p``, as the runs with p = 1 had it; the later code's signed power where its variant was typed (T3)."""
    p = c["flipout_p"]
    signed = p % 2 == 1 and c.typed.get("variant") == "published"
    return {"p": int(p) if p % 1 == 0 else p, **({"signed": True} if signed else {})}


def _annealing(c: Choice) -> tuple[Method, ...]:
    """Published annealing starts from the strength of whatever regulariser there is, L1 and L2 too (sheet 4.8)."""
    out = []
    if c["anneal_weight_decay"]:
        strength = c["weight_decay"]
        if not strength and c["variant"] == "published":
            strength = c["l1"] or c["l2"] or 0.0
        if strength:
            out.append(Method(name="anneal-weight-decay", options={"strength": strength}))
    if c["anneal_lr"]:
        out.append(Method(name="anneal-lr", options={"mode": c["variant"]}))
    return tuple(out)
