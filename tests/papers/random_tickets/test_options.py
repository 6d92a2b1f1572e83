"""Options of ``repro run random_tickets``: counterparts of the originals' commands, and refusals."""

from typing import Any

import pytest

from papers.random_tickets import paper
from papers.random_tickets.options import OPTIONS
from papers.random_tickets.original import FLAGS
from papers.random_tickets.ticket import CHECKS, METHODS
from shared.errors import ReproError
from shared.protocol import Prune, Train

PUBLISHED, ANSWER42 = {"variant": "published"}, {"variant": "answer42"}
CORRUPTED = ["random-labels", "random-pixels"]
ORIGINAL_COMMANDS: list[tuple[dict[str, Any], str]] = [
    # P1 to P8 of the authors
    ({"method": "dense", "network": "resnet32"} | PUBLISHED, "published/resnet32-cifar10/dense"),
    ({"method": "lt", "ratio": 0.9} | PUBLISHED, "published/vgg19-cifar10/lt/90"),
    ({"method": "snip", "ratio": 0.98, "dataset": "cifar100"} | PUBLISHED, "published/vgg19-cifar100/snip/98"),
    ({"method": "grasp", "network": "resnet32"} | PUBLISHED, "published/resnet32-cifar10/grasp/98"),
    ({} | PUBLISHED, "published/vgg19-cifar10/random/98"),
    ({"method": "hybrid", "ratio": 0.95} | PUBLISHED, "published/vgg19-cifar10/hybrid/95"),
    ({"profile": "cubic"} | PUBLISHED, "published/vgg19-cifar10/random-cubic/98"),
    ({"profile": "linear"} | PUBLISHED, "published/vgg19-cifar10/random-linear/98"),
    # A1 to A4 of the reproduction
    (
        {"method": "random", "ratio": 0.95, "network": "resnet32", "dataset": "cifar100", "weight_decay": 5e-4}
        | ANSWER42,
        "answer42/resnet32-cifar100/random/95",
    ),
    ({"method": "grasp", "ratio": 0.9} | ANSWER42, "answer42/vgg19-cifar10/grasp/90"),
    ({"method": "grasp", "ratio": 0.9, "check": CORRUPTED} | ANSWER42, "answer42/vgg19-cifar10/grasp/90/corrupted"),
    (
        {"method": "grasp", "ratio": 0.9, "check": ["layerwise-rearrange"]} | ANSWER42,
        "answer42/vgg19-cifar10/grasp/90/rearranged",
    ),
    ({"method": "snip", "ratio": 0.98, "epochs": 160} | ANSWER42, "answer42/vgg19-cifar10/snip/98"),
    ({"method": "snip", "check": CORRUPTED} | ANSWER42, "answer42/vgg19-cifar10/snip/98/corrupted"),
    (
        {"method": "lr-rewinding", "epochs": 160, "rewind_epoch": 40, "finetune_epochs": 160} | ANSWER42,
        "answer42/vgg19-cifar10/lr-rewinding/98",
    ),
    (
        {"method": "hybrid", "epochs": 160, "rewind_epoch": 40, "finetune_epochs": 160, "ratio": 0.9} | ANSWER42,
        "answer42/vgg19-cifar10/hybrid/90",
    ),
]


@pytest.mark.parametrize(("options", "experiment"), ORIGINAL_COMMANDS)
def test_original_commands_have_counterparts(options: dict[str, Any], experiment: str) -> None:
    built = paper.build({**options, "seed": 7})
    assert built == paper.experiments[experiment].protocol(7)


def test_the_plain_command_needs_nothing_but_a_ratio() -> None:
    p = paper.build({"ratio": 0.95, "seed": 42})
    assert (p.variant, p.model.name, p.data.name, p.seed) == ("corrected", "vgg19", "cifar10", 42)
    prune = p.phases[0]
    assert isinstance(prune, Prune)
    assert prune.method.options["sparsity"] == 0.95


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "tiny-imagenet", "digits"])
def test_every_method_builds_on_every_data_set(method: str, dataset: str) -> None:
    p = paper.build({"method": method, "dataset": dataset})
    assert sum(isinstance(phase, Train) for phase in p.phases) in (1, 2)
    for scale in ("demo", "reduced", "paper"):
        assert paper.scales[scale](p).scale == scale


def test_the_published_pixel_flag_brings_random_labels_along() -> None:
    prune = paper.build({"method": "snip", "check": ["random-pixels"]} | PUBLISHED).phases[0]
    assert isinstance(prune, Prune)
    assert [c.name for c in prune.checks] == CORRUPTED


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"ratio": 95.0}, "0.95 if you mean 95 %"),
        ({"ratio": 0.0}, "between 0 and 1"),
        ({"method": "dense", "ratio": 0.9}, "removes nothing"),
        ({"method": "dense", "check": ["layerwise-rearrange"]}, "draws no ticket; choose a method that prunes"),
        ({"check": ["random-labels"]}, "random tickets see no data; there is --check layerwise-rearrange"),
        ({"method": "snip", "check": ["half-dataset"]}, "which scores a few images of each class"),
        (
            {"method": "snip", "check": ["layerwise-weight-shuffling"]} | ANSWER42,
            "not what variant answer42 did to SNIP",
        ),
        ({"method": "lr-rewinding", "check": ["random-labels"]} | ANSWER42, "there is --check half-dataset"),
        ({"method": "snip", "check": ["random-lables"]}, "random-labels"),
        ({"rewind_epoch": 10}, "no effect on --method random"),
        ({"method": "snip", "finetune_epochs": 10}, "no effect on --method snip"),
        ({"method": "snip", "profile": "cubic"}, "no effect on --method snip"),
        ({"method": "snip", "temperature": 1.0}, "no effect on --method snip"),
        ({"samples_per_class": 5}, "no effect on --method random"),
        ({"method": "snip", "samples_per_class": 5} | ANSWER42, "one plain batch"),
        ({"method": "snip", "pixel_mode": "rows"}, "without --check random-pixels"),
        ({"method": "lr-rewinding", "half_mode": "first"}, "without --check half-dataset"),
        ({"profile": "balanced", "depth_penalty": True}, "same share"),
        ({"method": "lr-rewinding", "rewind_epoch": 160}, "beyond the 160 epochs"),
        ({"method": "lr-rewinding", "lr_schedule": "linear"}, "cannot resume"),
        ({"dataset": "tiny-imagenet"} | ANSWER42, "never trained"),
        ({"method": "lt"} | ANSWER42, "no lottery tickets"),
        ({"network": "vgg16"} | ANSWER42, "by hand"),
        ({"profile": "cubic"} | ANSWER42, "quadratic and balanced"),
        ({"network": "resnet32", "profile": "ascending"} | PUBLISHED, "keeps 0 of 864 weights of conv.weight"),
        (
            {"method": "lt", "ratio": 0.999, "dataset": "cifar100", "network": "resnet32"} | PUBLISHED,
            "removes 1,865,237 weights, but the convolutions have 1,854,304",
        ),
        ({"method": "lr-rewinding", "ratio": 0.9999} | PUBLISHED, "linear layers stay dense"),
        ({"method": "hybrid", "ratio": 0.99999}, "linear layers alone exceed the budget"),
        ({"ratio": 0.99999, "allow_dead_layers": True}, "linear layers alone exceed the budget"),
        ({"method": "magnitude", "ratio": 0.99999999}, "keeps none of 20,024,000 weights"),
        ({"method": "snip", "ratio": 0.99999999}, "keeps none of 20,024,000 weights"),
        ({"method": "grasp", "ratio": 0.99999999}, "keeps none of 20,024,000 weights"),
        ({"method": "grasp", "ratio": 1e-9} | PUBLISHED, "removes none of 20,024,000 weights"),
        ({"epochs": 0}, "must be positive"),
        ({"weight_decay": -1.0}, "must not be negative"),
        ({"last_layer_keep": 1.5}, "at most 1"),
        ({"sparsity": 0.9}, "random_tickets option"),
        ({"network": "resnet23"}, "resnet32"),
    ],
)
def test_refusals_say_what_to_do(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ReproError, match=match):
        paper.build(options)


def test_a_dead_layer_may_be_trained_if_asked_for() -> None:
    dead = {"network": "resnet32", "profile": "ascending", "allow_dead_layers": True} | PUBLISHED
    assert paper.build(dead) == paper.experiments["published/resnet32-cifar10/random-ascending/98"].protocol(42)


def test_a_corrected_ascending_ticket_keeps_every_layer() -> None:
    assert paper.build({"network": "resnet32", "profile": "ascending"}).variant == "corrected"


@pytest.mark.parametrize("option", [o.name for o in OPTIONS if o.name not in ("check", "allow_dead_layers")])
def test_every_option_changes_the_run(option: str) -> None:
    base: dict[str, dict[str, Any]] = {
        "rewind_epoch": {"method": "lr-rewinding"},
        "finetune_epochs": {"method": "lr-rewinding"},
        "pixel_mode": {"method": "snip", "check": ["random-pixels"]},
        "half_mode": {"method": "lr-rewinding", "check": ["half-dataset"]},
        "samples_per_class": {"method": "snip"},
        "score_rounds": {"method": "snip"},
        "temperature": {"method": "grasp"},
        "redraw_classifier": {"method": "grasp"},
    }
    value = {
        "network": "resnet32",
        "dataset": "cifar100",
        "method": "snip",
        "ratio": 0.9,
        "rewind_epoch": 10,
        "pixel_mode": "rows",
        "half_mode": "first",
        "profile": "cubic",
        "depth_penalty": False,
        "last_layer_keep": 0.5,
        "samples_per_class": 3,
        "score_rounds": 3,
        "temperature": 2.0,
        "redraw_classifier": False,
        "epochs": 20,
        "finetune_epochs": 20,
        "lr": 0.2,
        "lr_schedule": "linear",
        "weight_decay": 5e-4,
        "batch_size": 128,
    }[option]
    options = base.get(option, {})
    assert paper.build(options | {option: value}).identity != paper.build(options).identity


def test_every_check_changes_a_run_that_has_it() -> None:
    plain = paper.build({"method": "weight-rewinding"})
    built = {paper.build({"method": "weight-rewinding", "check": [c]}).identity for c in CHECKS}
    assert len(built | {plain.identity}) == 6


def test_every_flag_of_the_originals_has_a_counterpart_or_a_reason() -> None:
    assert len({f.name for f in FLAGS}) == len(FLAGS)
    ours = {o.flag for o in OPTIONS}
    for flag in FLAGS:
        assert flag.note if not flag.ours else flag.ours in ours | {"--seed", "--variant", "--device"}, flag
    own = {"--allow-dead-layers", "--pixel-mode", "--half-mode"}  # of no original, or part of another flag
    assert ours - {f.ours for f in FLAGS} == own


def test_random_uniform_keeps_the_same_share_of_every_convolution() -> None:
    """Sheet 4.2: the linear layer's share is computed, then replaced, so that the total undershoots."""
    from papers.random_tickets import counts
    from papers.random_tickets.ticket import Ticket

    t = Ticket(variant="answer42", profile="balanced", dataset="cifar100", ratio=0.9)
    sizes, linear, _ = counts.layers(t.network, t.dataset)
    kept = counts.kept(t)
    shares = [k / n for k, n, f in zip(kept, sizes, linear, strict=True) if not f]
    assert max(shares) - min(shares) < 1 / min(sizes)
    assert 0.993 <= sum(kept) / (0.1 * sum(sizes)) <= 0.999
