"""Typed options and the published lists are one thing: no run mixes the settings of two generations."""

import pytest

from papers.dsr import paper
from papers.dsr.jobs import jobs
from shared.errors import ReproError

LISTS = {
    "published": ("mnist", "ours", "cifar", "imagenet"),
    "corrected": ("mnist", "ours", "cifar", "imagenet"),
    "published-iclr": ("mnist", "ours", "wrn", "resnet"),
}
"""The lists that a variant's typed options stand for."""


def typed(job):
    """What one types for a job: its network, method and sparsity, and what sets it apart from others like it."""
    options = {"network": job.network, "method": job.method}
    if job.method != "dense":
        options["sparsity"] = job.sparsity
    if job.granularity != "weight":
        options["granularity"] = job.granularity
    if job.list == "cifar" and 41 <= job.number <= 78:
        options["stop_rewiring_epoch"] = job.stop
    if job.mask_from is not None:
        options["masks_of_dsr"] = job.weights
    return options


CASES = [(v, j) for v, lists in LISTS.items() for j in jobs().values() if j.list in lists and j.runs]


def test_every_line_that_ran_is_typed_in_some_variant():
    assert {job.id for _, job in CASES} == {job.id for job in jobs().values() if job.runs}
    assert len(CASES) > 300


@pytest.mark.parametrize("variant", LISTS)
def test_typed_options_are_the_job(variant):
    differing = []
    for job in (j for v, j in CASES if v == variant):
        ours = paper.build({"variant": variant, "seed": 42, **typed(job)})
        theirs = paper.build({"variant": variant, "seed": 42, "job": job.id})
        if ours.identity != theirs.identity:
            differing.append(job.id)
    assert not differing


@pytest.mark.parametrize(
    ("options", "job"),
    [
        ({"method": "pruning", "sparsity": 0.99}, "mnist:1"),
        ({"method": "set", "sparsity": 0.99}, "ours:0"),
        ({"network": "wide_resnet", "method": "static", "variant": "published-iclr"}, "wrn:11"),
        ({"network": "wide_resnet", "method": "deep-rewiring", "variant": "published-iclr"}, "wrn:32"),
        ({"network": "wide_resnet", "method": "thin", "variant": "corrected"}, "cifar:16"),
    ],
)
def test_what_is_left_out_is_of_the_same_generation(options, job):
    variant = options.get("variant", "published")
    assert paper.build(options).identity == paper.build({"job": job, "variant": variant}).identity


def test_the_extra_weight_is_the_later_codes_alone():
    """Trap 17: it is dropped even where the fraction is 0, which no correct implementation does."""
    for method, component in (("pruning", "prune-gradually"), ("set", "reallocate")):
        found = {}
        for variant in LISTS:
            phase = paper.build({"network": "wide_resnet", "method": method, "variant": variant}).phases[-1]
            found[variant] = next(m for m in phase.methods if m.name == component).options.get("extra", 1)
        assert found == {"published": 1, "corrected": 0, "published-iclr": 0}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"network": "imagenet_resnet50", "method": "set"}, "earlier lists have no --method set on imagenet_resnet50"),
        ({"network": "imagenet_resnet50", "method": "deep-rewiring"}, "leave --variant published-iclr out"),
        ({"network": "wide_resnet", "granularity": "kernel"}, "which only runs per weight"),
        ({"job": "cifar:6"}, "is of the later generation"),
        ({"batch_norm": False}, "--no-batch-norm is of the later code alone; leave --variant published-iclr out"),
        ({"network": "wide_resnet", "augmentation": False}, "--no-augmentation is of the later code alone"),
        ({"network": "wide_resnet", "method": "static", "masks_of_dsr": "fresh"}, "--masks-of-dsr is of the later"),
        ({"network": "wide_resnet", "method": "thin", "sparsity": 0.65}, "--width-multiplier"),
    ],
)
def test_what_the_earlier_generation_never_had_is_refused(options, words):
    with pytest.raises(ReproError, match=words):
        paper.build({"variant": "published-iclr", **options})
