"""The experiments of the paper: every job of its lists as a protocol (dsr sheet, section 6).

Ids read ``data/method/sparsity``: ``mnist/dsr/99``, ``cifar10/static/90`` (later generation),
``cifar10-iclr/static/90`` (earlier), ``cifar10/dsr-stop-60/90``, ``imagenet/thin/80``. Their label ``job`` is the line
they come from.
"""

from __future__ import annotations

from functools import cache

from papers.dsr import recipes, settings
from papers.dsr.jobs import Job, jobs
from shared.paper import Experiment
from shared.protocol import Phase, Protocol, Train

VARIANTS = ("published", "published-iclr", "corrected")
PREFIX = {
    "cifar": "cifar10",
    "wrn": "cifar10-iclr",
    "imagenet": "imagenet",
    "resnet": "imagenet-iclr",
    "mnist": "mnist",
    "ours": "mnist",
}
SPOKEN = {
    "dense": "dense",
    "pruning": "gradual pruning",
    "dsr": "DSR",
    "static": "static sparse",
    "thin": "thin dense",
    "deep-rewiring": "DeepR",
    "set": "SET",
    "tied": "tied parameters",
}


@cache
def experiments() -> dict[str, Experiment]:
    """Every experiment by id; protocols are built when asked for."""
    out: dict[str, Experiment] = {}
    for job in jobs().values():
        if not _repeats(job):
            experiment = experiment_of(job)
            out[experiment.id] = experiment
            if job.list in ("mnist", "ours", "cifar") and job.method in ("dsr", "deep-rewiring") and _plain(job):
                corrected = experiment_of(job, "corrected")
                out[corrected.id] = corrected
    return out


REPEATED = {"cifar:6": "cifar:41", "cifar:7": "cifar:42"}
"""Jobs that are another one again: the first of those that stop early stops when all do."""


def _repeats(job: Job) -> bool:
    return job.id in REPEATED.values()


def _lines(job: Job) -> str:
    """The lines of the lists that a title names; 68 is what the line was to be."""
    if not job.runs:
        return f"{job.id}, which never ran"
    return ", ".join([job.id, *([REPEATED[job.id]] if job.id in REPEATED else [])])


def _plain(job: Job) -> bool:
    return job.granularity == "weight" and (job.list, job.number) not in _STOPPED


_STOPPED = {("cifar", n) for n in range(41, 79)}


def method_name(job: Job) -> str:
    """The method as ids have it, with what sets a job apart from the plain one."""
    if job.mask_from is not None:
        return f"static-mask-{job.weights}"
    if job.granularity != "weight":
        return f"{job.method}-{job.granularity}s"
    if (job.list, job.number) in _STOPPED:
        return f"{job.method}-stop-{job.stop}"
    return job.method


def spoken(job: Job) -> str:
    """The method in words."""
    if job.mask_from is not None:
        weights = "fresh weights" if job.weights == "fresh" else "its initial weights"
        return f"static, masks of a DSR run, {weights}"
    extra = ", whole kernels" if job.granularity == "kernel" else ""
    if (job.list, job.number) in _STOPPED:
        extra = f", no reallocation from epoch {job.stop} on"
    return SPOKEN[job.method] + extra


def level(sparsity: float) -> str:
    """Percent as ids have it: ``90``."""
    return f"{100 * sparsity:g}"


def experiment_of(job: Job, variant: str = "published") -> Experiment:
    """The experiment of a job."""
    suffix = "" if variant == "published" else f"-{variant}"
    at = [level(job.sparsity)] if job.sparsity else []
    data = settings.NETWORKS[job.network]
    wide = data == "cifar10"
    name = settings.LONG_NAMES[job.network] + (f"-{2 if job.method != 'thin' else job.width:g}" * wide)
    line = "" if suffix else f" ({_lines(job)})"
    words = spoken(job) + (" as corrected" if suffix else "")
    return Experiment(
        id="/".join([PREFIX[job.list], method_name(job) + suffix, *at]),
        title=", ".join([name, words, *[f"{a} %" for a in at]]) + line,
        protocol=lambda seed: protocol(job, seed, variant),
        labels={
            "network": job.network,
            "dataset": data,
            "method": method_name(job) + suffix,
            "sparsity_percent": 100 * job.sparsity,
            "job": job.id,
            "generation": job.generation,
            "variant": variant,
        },
        who=settings.LONG_NAMES[job.network] + "-2" * wide,
        series=words,
    )


def rules(job: Job, variant: str) -> str:
    """The rules that a job's events follow.

    Jobs of the earlier generation drop ``int(f * n)`` weights without being told so. That a tensor may be emptied there
    is left to the variant ``published-iclr``: a run in which it happened stopped, and no published number is from one.
    """
    return "iclr" if variant == "published" and job.generation == "iclr" else variant


def protocol(job: Job, seed: int, variant: str = "published") -> Protocol:
    """The run of a job."""
    return Protocol(
        paper="dsr",
        variant=variant,
        model=settings.model_for(job.network, job.width),
        data=settings.DATA[settings.NETWORKS[job.network]],
        prunable=settings.DENSE[job.network],
        phases=phases(job, rules(job, variant)),
        seed=seed,
    )


def phases(job: Job, by: str) -> tuple[Phase, ...]:
    """What a job does, in order, by these rules."""
    s, linear = job.sparsity, 0.0 if job.network == "wide_resnet" else job.sparsity
    if job.mask_from is not None:
        # the run whose masks are taken comes first; both parts have one batch size (the forgotten flag is repaired)
        source = jobs()[f"{job.list}:{job.mask_from}"]
        rest = _training(job, by).model_copy(update={"batch_size": source.batch, "name": "static"})
        assert job.weights is not None
        return (*phases(source, by), recipes.restart(job.weights), rest)
    if job.method == "pruning":
        dense = jobs()[f"{job.list}:0"]
        return recipes.after_dense(dense.schedule, dense.epochs, job.batch, _pruning(job, linear, dense, by))
    training = _training(job, by)
    if job.method in ("dense", "thin"):
        return (training,)
    if job.method == "tied":
        return (recipes.tied(s, linear), training)
    return (recipes.masks(s, linear, job.granularity), training)


def _pruning(job: Job, linear: float, dense: Job, by: str) -> Train:
    assert job.steps is not None
    assert job.start is not None
    assert job.shape is not None
    step = recipes.gradually(
        conv=job.sparsity,
        linear=linear,
        steps=job.steps,
        first=job.start + 1,
        shape=job.shape,
        extra=recipes.extra(by),
        spare=job.network == "lenet300" and job.sparsity > 0.9,
    )
    optimizer = settings.sgd(dense.weight_decay)
    return recipes.train(job.schedule, job.epochs, job.batch, optimizer, recipes.KEEP_MASKS, step)


def _training(job: Job, by: str) -> Train:
    schedule = settings.SCHEDULES[job.schedule]
    optimizer = settings.sgd(job.weight_decay)
    common = (job.schedule, job.epochs, job.batch, optimizer)
    if job.method == "static":
        return recipes.train(*common, recipes.KEEP_MASKS)
    if job.method == "tied":
        return recipes.train(*common, recipes.tied_gradients())
    if job.method == "dsr":
        assert job.target is not None
        event = recipes.dsr(schedule, job.target, job.stop, by, job.granularity)
        return recipes.train(*common, recipes.masked(job.l1), event)
    if job.method == "set":
        assert job.fraction is not None
        event = recipes.set_(schedule, job.fraction, job.stop, by)
        return recipes.train(*common, recipes.masked(job.l1), event)
    if job.method == "deep-rewiring":
        assert job.eta is not None
        early = job.generation == "iclr"
        event = recipes.deep_rewiring(schedule, job.eta, job.stop, by, early=early)
        return recipes.train(*common, recipes.masked(job.l1), event)
    return recipes.train(*common)
