"""The published job lists as data: one line is one run of the original scripts (dsr sheet, section 6).

Lists: ``cifar`` and ``imagenet`` of the later generation (ICML code); ``mnist``, ``wrn`` and ``resnet`` of the earlier
one (ICLR code), with SET and DeepR as its text adds them. ``ours`` holds what no list has: SET, DeepR and thin dense on
MNIST, with settings matched as the paper matched them elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from papers.dsr.settings import (
    BATCH,
    CIFAR_SPARSITIES,
    IMAGENET_BATCH,
    IMAGENET_SPARSITIES,
    MNIST_SPARSITIES,
    SET_FRACTION,
    THIN,
)
from papers.dsr.widths import lenet_width
from shared.errors import ReproError
from shared.sparsity.gradual import epochs_needed

METHODS = ("dense", "pruning", "dsr", "static", "thin", "deep-rewiring", "set", "tied")


@dataclass(frozen=True)
class Job:
    """One line of a list. Numbers that a method does not have are ``None``.

    Attributes:
        list, number: where it stands.
        target: N_p, units to reallocate at an event.
        stop: first epoch without reallocation, from 0.
        mask_from: the job whose final masks it takes, with ``fresh`` or ``initial`` weights.
    """

    list: str
    number: int
    network: str
    method: str
    sparsity: float
    schedule: str
    epochs: int
    weight_decay: float
    batch: int = BATCH
    width: float = 1.0
    l1: float = 0.0
    granularity: str = "weight"
    target: int | None = None
    fraction: float | None = None
    stop: int | None = None
    eta: float | None = None
    shape: str | None = None
    steps: int | None = None
    start: int | None = None
    post: int | None = None
    mask_from: int | None = None
    weights: str | None = None
    runs: bool = True

    @property
    def id(self) -> str:
        """``cifar:6``."""
        return f"{self.list}:{self.number}"

    @property
    def generation(self) -> str:
        """``iclr`` or ``icml``."""
        return "icml" if self.list in ("cifar", "imagenet") else "iclr"


def cifar() -> Iterator[Job]:
    """The 83 jobs of the later generation."""
    base = Job("cifar", 0, "wide_resnet", "dense", 0.0, "wrnet_schedule", 200, 5e-4, width=2.0)
    long = replace(base, schedule="wrnet_schedule_long", epochs=400)
    yield base
    for i, s in enumerate(CIFAR_SPARSITIES):
        yield _pruning(replace(base, number=1 + i, sparsity=s), "wrnet_prune_schedule", "cubic", 20, 0, 10)
    for i, s in enumerate(CIFAR_SPARSITIES):
        yield replace(base, number=6 + i, method="dsr", sparsity=s, target=20_000, stop=190)
    for i, s in enumerate(CIFAR_SPARSITIES):
        yield replace(long, number=11 + i, method="static", sparsity=s)
    for i, s in enumerate(CIFAR_SPARSITIES):
        width = THIN["icml"]["wide_resnet"][s]
        yield replace(long, number=16 + i, method="thin", sparsity=s, width=width)
    for i, s in enumerate(CIFAR_SPARSITIES):
        deep = replace(base, number=21 + i, method="deep-rewiring", sparsity=s, weight_decay=0.0)
        yield replace(deep, eta=0.01, l1=1e-5, stop=190)
    for i, s in enumerate(CIFAR_SPARSITIES):
        fraction = SET_FRACTION["wide_resnet"][s]
        yield replace(base, number=26 + i, method="set", sparsity=s, fraction=fraction, stop=190)
    for i, s in enumerate(CIFAR_SPARSITIES):
        kernels = replace(base, number=31 + i, method="dsr", sparsity=s, granularity="kernel")
        yield replace(kernels, target=2000, stop=190)
    for i, s in enumerate(CIFAR_SPARSITIES):
        yield replace(base, number=36 + i, method="tied", sparsity=s)
    for i, stop in enumerate(range(190, 0, -10)):
        for j, s in enumerate((0.9, 0.8)):
            number = 41 + 2 * i + j
            job = replace(base, number=number, method="dsr", sparsity=s, target=20_000, stop=stop)
            yield replace(job, runs=number != 68)  # a space inside its schedule path (trap 16)
    for number, weights in ((79, "fresh"), (81, "initial")):
        for j, s in enumerate((0.9, 0.8)):
            yield replace(long, number=number + j, method="static", sparsity=s, mask_from=6 + j, weights=weights)


def imagenet() -> Iterator[Job]:
    """The 21 jobs of the later generation."""
    base = Job("imagenet", 0, "imagenet_resnet50", "dense", 0.0, "resnet_schedule", 100, 1e-4, IMAGENET_BATCH)
    long = replace(base, schedule="resnet_schedule_long", epochs=200)
    yield base
    for s, at in zip(IMAGENET_SPARSITIES, (1, 11), strict=True):
        width = THIN["icml"]["imagenet_resnet50"][s]
        yield replace(long, number=at, method="thin", sparsity=s, width=width)
        yield replace(base, number=at + 1, method="dsr", sparsity=s, target=400_000, stop=95)
        yield replace(base, number=at + 2, method="tied", sparsity=s)
        yield replace(long, number=at + 3, method="static", sparsity=s)
        pruned = replace(base, number=at + 4, sparsity=s)
        yield _pruning(pruned, "resnet_prune_schedule", "exponential", 20, 0, 10)
        yield replace(base, number=at + 5, method="deep-rewiring", sparsity=s, eta=0.01, l1=1e-5, stop=95)
        fraction = SET_FRACTION["imagenet_resnet50"][s]
        yield replace(base, number=at + 6, method="set", sparsity=s, fraction=fraction, stop=95)
        kernels = replace(base, number=at + 7, method="dsr", sparsity=s, granularity="kernel")
        yield replace(kernels, target=40_000, stop=95)
        for offset, weights in ((8, "fresh"), (9, "initial")):  # their batch of 100 is a forgotten flag (trap 16)
            yield replace(
                long, number=at + offset, method="static", sparsity=s, batch=BATCH, mask_from=at + 1, weights=weights
            )


def mnist() -> Iterator[Job]:
    """The 25 jobs of the earlier generation."""
    base = Job("mnist", 0, "lenet300", "dense", 0.0, "mnist_schedule", 100, 1e-4)
    yield base
    for i, s in enumerate(MNIST_SPARSITIES):
        yield _pruning(replace(base, number=1 + i, sparsity=s), "prune_schedule_mnist", "exponential", 10, 1, 20)
    for i, s in enumerate(MNIST_SPARSITIES):
        dsr = replace(base, number=7 + i, method="dsr", sparsity=s, weight_decay=0.0, l1=1e-4)
        yield replace(dsr, target=600, stop=90)
    for i, s in enumerate(MNIST_SPARSITIES):
        yield replace(base, number=13 + i, method="static", sparsity=s)
    for i, s in enumerate(MNIST_SPARSITIES):
        yield replace(base, number=19 + i, method="tied", sparsity=s)


def ours() -> Iterator[Job]:
    """SET, DeepR and thin dense on MNIST: DSR's regularisation, the eta of every DeepR job, solved widths.

    DSR's L1 of 1e-4 on MNIST is also what DeepR had in this generation of lists (section 6.3).
    """
    base = Job("ours", 0, "lenet300", "set", 0.0, "mnist_schedule", 100, 1e-4)
    for i, s in enumerate(MNIST_SPARSITIES):
        grown = replace(base, number=i, sparsity=s, fraction=SET_FRACTION["lenet300"][s])
        yield replace(grown, weight_decay=0.0, l1=1e-4, stop=90)
        deep = replace(base, number=6 + i, method="deep-rewiring", sparsity=s, weight_decay=0.0)
        yield replace(deep, eta=0.01, l1=1e-4, stop=90)
        yield replace(base, number=12 + i, method="thin", sparsity=s, width=lenet_width(s))


def wrn() -> Iterator[Job]:
    """The 26 jobs of the earlier generation, with the settings of its SET and DeepR runs (27 to 36)."""
    base = Job("wrn", 0, "wide_resnet", "dense", 0.0, "wrnet_schedule", 200, 5e-4, width=2.0)
    yield base
    for i, s in enumerate(CIFAR_SPARSITIES):
        yield _pruning(replace(base, number=1 + i, sparsity=s), "wrnet_prune_schedule", "exponential", 20, 0, 10)
        yield replace(base, number=6 + i, method="dsr", sparsity=s, target=20_000, stop=190)
        yield replace(base, number=11 + i, method="static", sparsity=s)
        yield replace(base, number=16 + i, method="tied", sparsity=s)
        width = THIN["iclr"]["wide_resnet"][s]
        yield replace(base, number=21 + i, method="thin", sparsity=s, width=width)
        fraction = SET_FRACTION["wide_resnet"][s]
        yield replace(base, number=27 + i, method="set", sparsity=s, fraction=fraction, stop=190)
        deep = replace(base, number=32 + i, method="deep-rewiring", sparsity=s, weight_decay=0.0)
        yield replace(deep, eta=0.01, l1=1e-4, stop=190)


def resnet() -> Iterator[Job]:
    """The 11 jobs of the earlier generation, whose file did not parse."""
    base = Job("resnet", 0, "imagenet_resnet50", "dense", 0.0, "resnet_schedule", 100, 1e-4, IMAGENET_BATCH)
    yield base
    for s, at in zip(IMAGENET_SPARSITIES, (1, 6), strict=True):
        width = THIN["iclr"]["imagenet_resnet50"][s]
        yield replace(base, number=at, method="thin", sparsity=s, width=width)
        yield replace(base, number=at + 1, method="dsr", sparsity=s, target=400_000, stop=95)
        yield replace(base, number=at + 2, method="tied", sparsity=s)
        yield replace(base, number=at + 3, method="static", sparsity=s)
        pruned = replace(base, number=at + 4, sparsity=s)
        yield _pruning(pruned, "resnet_prune_schedule", "exponential", 20, 0, 10)


def _pruning(job: Job, schedule: str, shape: str, count: int, start: int, post: int) -> Job:
    """Gradual pruning from job 0 of the same list; weight decay comes from that run's checkpoint (trap 9)."""
    epochs = epochs_needed(start + 1, 2, count, post)
    job = replace(job, method="pruning", schedule=schedule, epochs=epochs)
    return replace(job, shape=shape, steps=count, start=start, post=post)


MAKERS = {"cifar": cifar, "imagenet": imagenet, "mnist": mnist, "wrn": wrn, "resnet": resnet, "ours": ours}


@cache
def jobs() -> dict[str, Job]:
    """Every job by id, such as ``cifar:6``, in the order of its list."""
    return {job.id: job for make in MAKERS.values() for job in sorted(make(), key=lambda j: j.number)}


def job_named(text: str) -> Job:
    """The job that was typed.

    Raises:
        ReproError: if there is no such list or number, or the line never ran.
    """
    if text not in jobs():
        numbers = {name: [j.number for j in jobs().values() if j.list == name] for name in MAKERS}
        known = ", ".join(f"{name}:{min(n)} to {name}:{max(n)}" for name, n in numbers.items())
        raise ReproError(
            f"There is no job {text!r}; jobs are {known}, of which cifar:68 never ran (`repro list experiments dsr` "
            "shows what each one is)."
        )
    if not jobs()[text].runs:
        raise ReproError(
            f"Job {text} has a space inside its schedule path and never ran; `repro run dsr --network wide_resnet "
            "--sparsity 0.8 --stop-rewiring-epoch 60` is what it was to be."
        )
    return jobs()[text]
