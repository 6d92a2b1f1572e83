"""From typed options to a paper-scale run (``repro run dsr ...``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from papers.dsr import protocols, recipes, settings
from papers.dsr.choice import Choice, flag, nearest, read, search
from papers.dsr.jobs import Job, job_named, jobs
from papers.dsr.options import RIGL
from papers.dsr.refusals import check
from papers.dsr.schedule_file import schedule_named
from shared.errors import ReproError
from shared.protocol import Data, Method, Model, Options, Phase, Protocol, Prune, Train
from shared.sparsity.gradual import epochs_needed


def build(options: Mapping[str, Any]) -> Protocol:
    """The run that these options describe; what is not given follows the published job of its network and method.

    Raises:
        ReproError: an option is unknown, out of range, without effect, or cannot be combined with another.
    """
    c = read(options)
    if "job" in c.typed:
        beside = set(c.typed) - {"job", "seed", "variant"}
        if beside:
            raise ReproError(f"--job stands for a whole line; leave {flag(sorted(beside)[0])} out.")
        return protocols.protocol(_of_its_generation(job_named(c["job"]), c["variant"]), c["seed"], c["variant"])
    check(c)
    job = nearest(c)
    try:
        return Protocol(
            paper="dsr",
            variant=c["variant"],
            model=_model(c, job),
            data=_data(c, job),
            prunable=settings.DOWNSAMPLE_SPARSE if c["sparse_downsample"] else settings.DENSE[job.network],
            phases=_phases(c, job),
            seed=c["seed"],
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ReproError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error


def _of_its_generation(job: Job, variant: str) -> Job:
    if variant == "published-iclr" and job.generation != "iclr":
        raise ReproError(
            f"Job {job.id} is of the later generation; --variant published-iclr goes with the lists mnist, ours, wrn "
            "and resnet."
        )
    return job


def _model(c: Choice, job: Job) -> Model:
    normed, gamma = c["batch_norm"] is not False, c.given("norm_init", "uniform")
    return settings.model_for(job.network, job.width, batchnorm=normed, depth=c["depth"], gamma=gamma)


def _data(c: Choice, job: Job) -> Data:
    data = settings.DATA[settings.NETWORKS[job.network]]
    changes: dict[str, Any] = {"augment": ()} if c["augmentation"] is False else {}
    if c["val_size"]:
        rule = "stratified" if c["variant"] == "corrected" else "permuted"
        changes |= {"val_size": c["val_size"], "evaluate_on": "val", "val_rule": rule}
    return data.model_copy(update=changes)


def _phases(c: Choice, job: Job) -> tuple[Phase, ...]:
    if c["method"] == "pruning":
        dense = jobs()[f"{job.list}:0"]
        first = c.given("epochs", dense.epochs)
        decay = c.given("weight_decay", dense.weight_decay)
        penalty = _penalty(c, job.l1)
        return recipes.after_dense(dense.schedule, first, _batch(c, job), _pruning(c, job, decay), *penalty)
    training = _training(c, job)
    if c["method"] in ("dense", "thin"):
        return (training,)
    if c["method"] == "tied":
        return (recipes.tied(*_sparsities(c, job)), training)
    start: Prune = recipes.masks(*_sparsities(c, job), c["granularity"])
    if c["initial_density"] == "erdos-renyi":
        start = Prune(name="masks", method=Method(name="erdos-renyi-init", options={"sparsity": job.sparsity}))
    if c["masks_of_dsr"]:
        found = _training(search(c), nearest(search(c)))
        rest = training.model_copy(update={"name": "static"})
        return (start, found, recipes.restart(c["masks_of_dsr"]), rest)
    return (start, training)


def _sparsities(c: Choice, job: Job) -> tuple[float, float]:
    """Of convolutions and of linear layers; the classifier of WRN is never sparse."""
    linear = 0.0 if job.network == "wide_resnet" else job.sparsity
    return c.given("sparsity_conv", job.sparsity), c.given("sparsity_linear", linear)


def _batch(c: Choice, job: Job) -> int:
    return int(c.given("batch_size", job.batch))


def _pruning(c: Choice, job: Job, decay: float) -> Train:
    assert job.steps is not None
    assert job.start is not None
    assert job.post is not None
    steps, start = c.given("pruning_steps", job.steps), c.given("pruning_start_epoch", job.start)
    interval = c["pruning_interval_epochs"]
    epochs = epochs_needed(start + 1, interval, steps, c.given("fine_tune_epochs", job.post))
    linear = c.given("target_sparsity_linear", 0.0 if job.network == "wide_resnet" else job.sparsity)
    step = recipes.gradually(
        conv=c.given("target_sparsity_conv", job.sparsity),
        linear=linear,
        steps=steps,
        first=start + 1,
        interval=interval,
        shape=c.given("pruning_schedule", job.shape),
        extra=recipes.extra(protocols.rules(job, c["variant"])),
        spare=job.network == "lenet300" and linear > 0.9,
    )
    optimizer = settings.sgd(decay, c["momentum"], c.given("nesterov", True))
    schedule = schedule_named(c.given("schedule", job.schedule), job.schedule)
    masked = _penalty(c, job.l1) or (recipes.KEEP_MASKS,)
    return recipes.train(schedule, epochs, _batch(c, job), optimizer, *masked, step)


def _penalty(c: Choice, published: float) -> tuple[Method, ...]:
    """The penalty on all of S where there is one, of full tensors too (sheet 4.0)."""
    l1 = c.given("l1_coefficient", published)
    return (recipes.masked(l1, c["kernel_group_lasso"]),) if l1 else ()


def _training(c: Choice, job: Job) -> Train:
    schedule = schedule_named(c.given("schedule", job.schedule), job.schedule)
    optimizer = settings.sgd(c.given("weight_decay", job.weight_decay), c["momentum"], c.given("nesterov", True))
    methods = _methods(c, job, schedule)
    return recipes.train(schedule, c.given("epochs", job.epochs), _batch(c, job), optimizer, *methods)


def _methods(c: Choice, job: Job, schedule: settings.Schedule) -> tuple[Method, ...]:
    rules, lasso, l1 = protocols.rules(job, c["variant"]), c["kernel_group_lasso"], c.given("l1_coefficient", job.l1)
    if c["method"] == "tied":
        return (recipes.tied_gradients(l1, lasso, rescale=c["rescale_tied_gradient"]),)
    if c["method"] in ("dense", "thin"):
        return _penalty(c, job.l1)
    if c["method"] == "static":
        return _penalty(c, job.l1) or (recipes.KEEP_MASKS,)
    masked = recipes.masked(l1, lasso)
    stop = c.given("stop_rewiring_epoch", job.stop)
    if c["method"] == "deep-rewiring":
        early = job.generation == "iclr"
        rewiring = recipes.deep_rewiring(schedule, c["deep_rewiring_eta"], stop, rules, early=early)
        if c["deep_rewiring_signs"] == "redrawn":
            rewiring = rewiring.model_copy(update={"options": {**rewiring.options, "signs": "redrawn"}})
        return (masked, rewiring)
    if c["method"] == RIGL:
        share: Options = {"fraction": c["drop_fraction"]} if "drop_fraction" in c.typed else {}
        rigl = Method(name="rigl", options={"periods": [c["update_interval"]], "stop_epoch": stop, **share})
        return (rigl, masked)
    event = _reallocation(c, job, schedule, stop)
    return (event, masked) if c["growth_rule"] == "gradient" else (masked, event)


def _reallocation(c: Choice, job: Job, schedule: settings.Schedule, stop: int | None) -> Method:
    """DSR, SET, and the mixed modes that the original's flags allow."""
    criterion = c.given("drop_criterion", "threshold" if c["method"] == "dsr" else "fraction")
    coarse: Options = {"granularity": c["granularity"]} if c["granularity"] != "weight" else {}
    by_gradient: Options = {"grow": "gradient"} if c["growth_rule"] == "gradient" else {}
    more: Options = by_gradient | ({"new": "random"} if c["growth_init"] == "random" else {})
    across = c.given("growth_allocation", "proportional" if c["method"] == "dsr" else "within") == "proportional"
    rules = protocols.rules(job, c["variant"])
    allocation = ("exact" if rules == "corrected" else "published") if across else recipes.within(rules)
    if criterion == "fraction":
        fraction = c.given("drop_fraction", job.fraction)
        method = recipes.set_(schedule, fraction, stop, rules, more)
    else:
        more |= {"threshold": c["initial_threshold"]} if "initial_threshold" in c.typed else {}
        more |= {"exact_count": True} if criterion == "exact-count" else {}
        target = c.given("reallocations_per_update", job.target)
        method = recipes.dsr(schedule, target, stop, rules, more=more)
    options: Options = {k: v for k, v in method.options.items() if k != "allocation"} | coarse
    if allocation != "published":
        options["allocation"] = allocation
    return Method(name=method.name, options=options)
