"""Protocols are those of the sheet, at every scale."""

from itertools import groupby

import pytest

from papers.synflow import paper, scales
from papers.synflow.protocols import FIGURE6
from shared.protocol import Prune, Rewind, Train


def at(experiment, scale="paper", seed=3):
    return paper.at_scale(experiment, scale, seed)


def test_figure_6_follows_the_hyper_parameter_table() -> None:
    table = {  # lr, milestones, gamma, decay, epochs
        "vgg16-bn-cifar10": (0.1, (60, 120), 0.1, 1e-4, 160),
        "resnet18-cifar100": (0.01, (60, 120), 0.2, 5e-4, 160),
        "vgg11-bn-tiny-imagenet": (0.01, (30, 60, 80), 0.1, 1e-4, 100),
    }
    for name, expected in table.items():
        prune, train = at(f"{name}/synflow/c1.00").phases
        o, s = train.optimizer, train.schedule
        assert (o.lr, s.milestones, s.gamma, o.weight_decay, train.epochs) == expected
        assert (o.momentum, o.nesterov, train.batch_size) == (0.9, True, 128)
        assert prune.method.options == {
            "pruner": "synflow", "density": 0.1, "rounds": 100, "rule": "published", "score_dtype": "float32",
        }  # fmt: skip
        assert train.methods[-1].name == "repeat-updates"


def test_dense_cells_are_one_run_and_wide_resnet18_is_resnet18() -> None:
    dense = {at(f"vgg11-bn-cifar10/{p}/c0.00").identity for p in ("rand", "mag", "snip", "grasp", "synflow")}
    assert len(dense) == 1
    assert at("wide-resnet18-cifar10/snip/c2.00").identity == at("resnet18-cifar10/snip/c2.00").identity
    assert len(FIGURE6) == 12


def test_grasp_is_inverted_only_where_it_was_published() -> None:
    assert at("vgg16-bn-cifar10/grasp/c1.00").phases[0].method.options["grasp"] == "published"
    assert "grasp" not in at("assignment/vgg16/grasp/10x").phases[0].method.options


def test_the_assignment_uses_ratios_and_pretrains_magnitude() -> None:
    (train,) = at("assignment/vgg16/mag/20x").phases
    after = train.methods[-1]
    assert (train.epochs, after.name, after.options["epoch"], after.options["density"]) == (
        300,
        "prune-after",
        200,
        0.05,
    )
    assert at("assignment/resnet50/rand/10x").model.options["identity_scale"] == "frozen"


def test_levels_are_rewound_only_in_the_corrected_variant() -> None:
    published, corrected = at("imp/L3/c2.0"), at("imp-rewound/L3/c2.0")
    assert [type(p) for p in published.phases] == [Train, Prune] * 3 + [Train]
    assert [type(p) for p in corrected.phases] == [Train, Prune, Rewind] * 3 + [Train]
    assert [p.method.options["density"] for p in published.phases if isinstance(p, Prune)] == pytest.approx(
        [0.01 ** (1 / 3), 0.01 ** (2 / 3), 0.01]
    )


def test_scales_keep_the_relative_place_of_events() -> None:
    (train,) = at("assignment/vgg16/mag/10x", "demo").phases
    assert (train.epochs, train.methods[-1].options["epoch"]) == (12, 8)
    reduced = at("vgg16-bn-cifar10/snip/c1.00", "reduced").phases[1]
    assert (reduced.epochs, reduced.schedule.milestones) == (32, (12, 24))
    one_each = [next(group) for _, group in groupby(paper.experiments, key=lambda e: e.rsplit("/", 1)[0])]
    for experiment in one_each:
        for name, scale in (("demo", scales.demo), ("reduced", scales.reduced)):
            protocol = scale(paper.experiments[experiment].protocol(1))
            assert protocol.scale == name
            for phase in protocol.phases:
                if isinstance(phase, Train):
                    assert all(m < phase.epochs for m in phase.schedule.milestones)
                    assert all(m.options.get("epoch", 1) < phase.epochs for m in phase.methods)


def test_imagenet_has_the_transforms_of_the_code_and_tiny_imagenet_those_of_cifar() -> None:
    """Sheet, section 3; scores see them too."""
    data = at("vgg19-imagenet/snip-n1/2pow1").data
    crop, grey, colour, flip = data.augment
    assert (crop.kind, crop.scale, crop.ratio) == ("resized-crop", (0.2, 1), (3 / 4, 4 / 3))
    assert (grey.kind, grey.probability) == ("grayscale", 0.2)
    assert (colour.kind, colour.strength) == ("colour-jitter", 0.4)
    assert (flip.kind, flip.probability) == ("flip", 0.5)
    assert (data.shorter_side, data.resize) == (256, 224)
    tiny = at("resnet18-tiny-imagenet/snip/c1.00").data
    assert [(a.kind, a.padding) for a in tiny.augment] == [("pad-crop", 4), ("flip", 0)]
    assert (tiny.shorter_side, tiny.resize) == (None, None)
    assert not at("vgg19-imagenet/snip-n1/2pow1", "demo").data.per_picture
