"""Options of ``repro run hoyer``: counterparts of the originals' commands, and refusals."""

import re
from typing import Any

import pytest

from papers.hoyer import paper, zoo
from papers.hoyer.options import OPTIONS
from papers.hoyer.original_ids import SCRIPTS
from shared.errors import ReproError
from shared.protocol import Train

COUNTERPARTS: list[tuple[dict[str, Any], str]] = [
    ({"reg": "none", "prune_rule": "absolute"}, "lenet-300-100/none/T0.001"),
    (
        {"reg": "hs", "decay": 2e-4, "pretrained": True, "threshold": 0.03},
        "lenet-300-100/pretrained-hoyer-square-0.0002/V0.03",
    ),
    (
        {"reg": "3", "script": "mnist-element", "decay": 2e-4, "threshold": 0.03},
        "lenet-300-100/hoyer-square-0.0002/V0.03",
    ),
    ({"network": "lenet-5", "reg": "tl1", "decay": 2e-5, "threshold": 0.6}, "lenet-5/transformed-l1-2e-5/V0.6"),
    (
        {"network": "lenet-5", "reg": "2", "script": "mnist-structure-cnn", "decay": 0.1, "prune_rule": "absolute"},
        "lenet-5/group-hoyer-square-0.1/T0.001",
    ),
    ({"script": "mnist-structure-mlp"}, "lenet-300-100/none-decay1e-4/V0.25"),
    (
        {"network": "lenet-5", "script": "mnist-structure-cnn", "pretrained": True},
        "lenet-5/pretrained-none-decay1e-4/V0.25",
    ),
    (
        {"network": "lenet-5", "reg": "ghs", "decay": 0.05, "pretrained": True, "threshold": 0.008},
        "lenet-5/pretrained-group-hoyer-square-0.05/V0.008",
    ),
    (
        {
            "reg": "tl1",
            "decay": 2e-5,
            "pretrained": True,
            "prune_rule": "absolute",
            "target_sparsity": 0.98,
            "finetune_epochs": 50,
            "finetune_lr": 1e-3,
            "finetune_weight_decay": 1e-4,
        },
        "lenet-300-100/pretrained-transformed-l1-2e-5/S0.98",
    ),
    (
        {"dataset": "fashion-mnist", "reg": "hoyer", "decay": 0.02, "pretrained": True, "threshold": 0.05},
        "fashion-lenet-300-100/pretrained-hoyer-0.02/V0.05",
    ),
    ({"network": "resnet", "depth": 56, "reg": "ghs", "decay": 1e-4}, "cifar10/resnet-56/group-hoyer-square-0.0001"),
    (
        {
            "network": "imagenet-resnet50",
            "reg": "3",
            "script": "imagenet-group",
            "decay": 1e-4,
            "pretrained": True,
            "lr": 0.1,
            "epochs": 90,
            "finetune_lr": 0.01,
            "finetune_epochs": 90,
        },
        "imagenet/resnet-50-group-hoyer-square",
    ),
    (
        {
            "network": "imagenet-alexnet",
            "variant": "reconstructed",
            "reg": "hs",
            "decay": 1e-6,
            "pretrained": True,
        },
        "imagenet/alexnet-hoyer-square",
    ),
    (
        {
            "network": "lenet-5",
            "variant": "corrected",
            "reg": "hs",
            "decay": 1e-4,
            "pretrained": True,
            "threshold": 0.03,
        },
        "lenet-5/corrected-pretrained-hoyer-square-0.0001/V0.03",
    ),
]


@pytest.mark.parametrize(("options", "experiment"), COUNTERPARTS, ids=lambda v: v if isinstance(v, str) else "")
def test_original_commands_have_counterparts(options: dict[str, Any], experiment: str) -> None:
    assert paper.build(options) == paper.experiments[experiment].protocol(42)


ZOO: dict[str, dict[str, Any]] = {
    "alexnet": {"network": "alexnet"},
    "alexnet-lr0.01": {"network": "alexnet", "lr": 0.01},
    "vgg19-bn": {"network": "vgg19-bn"},
    "resnet-164-bottleneck": {"network": "resnet", "depth": 164, "block": "bottleneck"},
    "preresnet-164-bottleneck": {"network": "preresnet", "depth": 164, "block": "bottleneck"},
    "wrn-28-10": {"network": "wrn", "dropout": 0.3},
    "resnext-29-8x64": {"network": "resnext"},
    "resnext-29-16x64": {"network": "resnext", "cardinality": 16},
    "densenet-bc-100-12": {"network": "densenet-bc"},
    "densenet-bc-190-40": {"network": "densenet-bc", "depth": 190, "growth_rate": 40},
    "resnet-110-bottleneck": {"network": "resnet", "depth": 110, "block": "bottleneck"},
    "resnet-20": {"network": "resnet"},
    "resnet-32": {"network": "resnet", "depth": 32},
    "resnet-56": {"network": "resnet", "depth": 56},
    "resnet-110": {"network": "resnet", "depth": 110},
    "preresnet-110": {"network": "preresnet", "depth": 110},
    "densenet-bc-100-12-decay5e-4": {"network": "densenet-bc", "weight_decay": 5e-4},
    "densenet-bc-100-12-batch128": {"network": "densenet-bc", "batch_size": 128},
}
"""What one types for each network of the zoo: its architecture, and where a row deviates from its family's recipe."""


@pytest.mark.parametrize("dataset", zoo.CLASSES)
def test_a_network_of_the_zoo_is_trained_by_its_recipe(dataset: str) -> None:
    assert ZOO.keys() == zoo.NETWORKS.keys()
    for name, options in ZOO.items():
        assert paper.build({"dataset": dataset, **options}) == paper.experiments[f"{dataset}/{name}"].protocol(42), name


@pytest.mark.parametrize("name", zoo.FAMILIES)
def test_every_stage_of_a_structural_pruning_has_the_recipe(name: str) -> None:
    """Sheet 4.8: group training and finetuning repeat the dense network's schedule."""
    recipe = zoo.FAMILIES[name]
    trains = [t for t in paper.build({"network": name, "reg": "ghs", "decay": 1e-4}).phases if isinstance(t, Train)]
    assert [t.name for t in trains] == ["pretrain", "regularise", "finetune"]
    for t in trains:
        found = (t.epochs, t.schedule.milestones, t.schedule.gamma, t.optimizer.weight_decay, t.batch_size)
        assert found == (recipe.epochs, recipe.milestones, recipe.gamma, recipe.weight_decay, recipe.batch)


HELP = {option.name: option.help for option in OPTIONS}
HALF: dict[str, Any] = {"lr": 0.5, "weight_decay": 0.5, "reg": "ghs", "decay": 1e-4, "pretrained": True}


@pytest.mark.parametrize(
    ("network", "rates", "decays"),
    [
        ("lenet-5", [1e-3, 0.5, 1e-3], [0.0, 0.5, 1e-4]),
        ("resnet", [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
        ("imagenet-resnet50", [0.1, 0.5, 1e-3], [0.5, 0.5, 0.5]),
    ],
)
def test_help_says_in_which_stages_a_typed_rate_or_decay_holds(
    network: str, rates: list[float], decays: list[float]
) -> None:
    trains = [t for t in paper.build({"network": network, **HALF}).phases if isinstance(t, Train)]
    assert [t.optimizer.lr for t in trains] == rates
    assert [t.optimizer.weight_decay for t in trains] == decays
    both = "of the dense network and, unless --finetune-{} is typed, of finetuning too"
    assert f"on CIFAR {both.format('lr')}" in HELP["lr"]
    assert f"on CIFAR and ImageNet {both.format('weight-decay')}" in HELP["weight_decay"]
    own = {"finetune_lr": 0.25, "finetune_weight_decay": 0.125}
    last = [t for t in paper.build({"network": network, **HALF, **own}).phases if isinstance(t, Train)][-1]
    assert (last.optimizer.lr, last.optimizer.weight_decay) == (0.25, 0.125)


def test_steps_of_the_learning_rate_keep_their_place_in_a_shorter_run() -> None:
    (t,) = (t for t in paper.build({"network": "wrn", "epochs": 20}).phases if isinstance(t, Train))
    assert t.schedule.milestones == (6, 12, 16)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"reg": "2"}, "different things in different scripts"),
    ({"reg": "3", "script": "mnist-structure-mlp"}, "would train without a regulariser"),
    ({"reg": "hoyersquare", "decay": 1}, "hoyer-square"),
    ({"reg": "hs"}, "--decay"),
    ({"decay": 1e-3}, "without a regulariser"),
    ({"reg": "hs", "decay": -1.0}, "must be positive"),
    ({"pretrain_epochs": 3}, "without --pretrained"),
    ({"network": "lenet-5", "depth": 20}, "one depth"),
    ({"network": "resnet", "cardinality": 4}, "belongs to resnext"),
    ({"prune_rule": "none", "threshold": 0.1}, "--prune-rule none"),
    ({"prune_rule": "none", "finetune_epochs": 3}, "--prune-rule none"),
    ({"lr_milestones": "3,5"}, "constant"),
    ({"network": "resnet", "lr_milestones": "81,300"}, "but its train stage ends with epoch 164 (--epochs)"),
    ({"network": "resnet", "lr_milestones": "122,81"}, "must be increasing epochs from 1 on, not 122,81"),
    ({"network": "resnet", "lr_milestones": "0,81"}, "must be increasing epochs from 1 on"),
    (
        {"network": "resnet", "reg": "ghs", "decay": 1e-4, "lr_milestones": "81,122", "finetune_epochs": 60},
        "--lr-milestones 81,122 holds for every stage of a run, but its finetune stage ends with epoch 60 "
        "(--finetune-epochs)",
    ),
    (
        {"network": "resnet", "reg": "ghs", "decay": 1e-4, "lr_milestones": "81", "pretrain_epochs": 81},
        "but its pretrain stage ends with epoch 81 (--pretrain-epochs)",
    ),
    (
        {"network": "resnet", "reg": "ghs", "decay": 1e-4, "lr_milestones": "81", "epochs": 50, "pretrain_epochs": 164},
        "but its regularise stage ends with epoch 50 (--epochs)",
    ),
    ({"dataset": "cifar10"}, "mnist or fashion-mnist"),
    ({"network": "resnet", "reg": "hs", "decay": 1e-4}, "knows none, group-lasso"),
    ({"network": "resnet", "reg": "ghs", "decay": 1e-4, "pretrained": False}, "always starts from a dense network"),
    ({"network": "lenet-5", "script": "mnist-structure-mlp"}, "mnist-structure-cnn"),
    ({"script": "cifar-group"}, "does not train"),
    ({"eval_split": "val"}, "--val-size"),
    ({"network": "imagenet-alexnet", "reg": "hs", "decay": 1e-6}, "--variant reconstructed"),
    ({"network": "imagenet-alexnet", "dataset": "cifar10"}, "choose --dataset imagenet"),
    ({"reg": "hs", "decay": 1e-4, "variant": "reconstructed"}, "published no code"),
    ({"network": "imagenet-resnet50", "script": "cifar-group"}, "does not train"),
    ({"target_sparsity": 98.0}, "0.98 if you mean 98 %"),
    ({"target_sparsity": 1.0}, "a fraction between 0 and 1"),
    ({"target_sparsity": 0.9, "threshold": 0.1}, "with --target-sparsity"),
    ({"target_sparsity": 0.9, "prune_rule": "none"}, "--prune-rule none"),
    ({"hold_norm": True}, "without a regulariser"),
    ({"network": "wrn", "dropout": 1.5}, "--dropout must be below 1, not 1.5"),
    ({"network": "wrn", "dropout": 1.0}, "--dropout must be below 1"),
    ({"script": "mnist-element", "variant": "corrected"}, "--script has no effect with --variant corrected"),
    (
        {"script": "mnist-structure-mlp", "variant": "corrected", "reg": "group-lasso", "decay": 1e-3},
        "--script has no effect with --variant corrected",
    ),
    ({"script": "mnist-structure-cnn", "variant": "corrected"}, "use --script mnist-structure-mlp"),
    ({"network": "resnet", "lr_milestones": "none", "lr_gamma": 0.2}, "--lr-gamma has no effect where"),
    ({"network": "imagenet-resnet50", "epochs": 20, "lr_gamma": 0.2}, "--lr-gamma has no effect where"),
    ({"network": "resnet", "depth": 21}, "none of resnet with basic blocks, which has 6n + 2; try 20 or 26."),
    ({"network": "preresnet", "depth": 26, "block": "bottleneck"}, "which has 9n + 2; try 20 or 29."),
    ({"network": "wrn", "depth": 4}, "--depth 4 is none of wrn, which has 6n + 4; try 10 or 16."),
    ({"reg": "group-hoyer", "decay": 1e-3}, "not group-hoyer; use --variant corrected."),
    ({"network": "resnet", "reg": "hs", "decay": 1e-3}, "not hoyer-square; use --variant corrected."),
    (
        {"network": "resnet", "script": "cifar-group", "reg": "hs", "decay": 1e-3},
        "not hoyer-square; use --variant corrected, without --script.",
    ),
    ({"script": "mnist-element", "reg": "group-lasso", "decay": 1e-3}, "not group-lasso; leave --script out."),
]


@pytest.mark.parametrize(("options", "sentence"), REFUSED, ids=lambda v: "" if isinstance(v, dict) else v)
def test_options_without_effect_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ReproError, match=re.escape(sentence)):
        paper.build(options)


@pytest.mark.parametrize("options", [
    {"reg": "group-hoyer", "decay": 1e-3, "variant": "corrected"},
    {"network": "resnet", "reg": "hs", "decay": 1e-3, "variant": "corrected"},
    {"reg": "group-lasso", "decay": 1e-3},
])  # fmt: skip
def test_what_a_refusal_proposes_can_be_typed(options: dict[str, Any]) -> None:
    assert paper.build(options).phases


@pytest.mark.parametrize(("network", "more"), [
    ("resnet", {}), ("preresnet", {"block": "bottleneck"}), ("wrn", {}), ("resnext", {}), ("densenet-bc", {}),
])  # fmt: skip
def test_depths_are_those_that_the_networks_can_have(network: str, more: dict[str, Any]) -> None:
    """Refused here exactly where the network's own function refuses, which a dry run does not ask."""
    import torch

    from shared.models.registry import build

    for depth in range(1, 21):
        try:
            model = paper.build({"network": network, "depth": depth} | more).model
        except ReproError:
            model = paper.build({"network": network} | more).model
            model = model.model_copy(update={"width": 1 / 16, "options": {**model.options, "depth": depth}})
            with pytest.raises(ReproError, match="depth"):
                build(model, torch.Generator())
        else:
            build(model.model_copy(update={"width": 1 / 16}), torch.Generator())


def test_a_corrected_structure_script_still_decays_and_builds_the_smaller_network() -> None:
    """Its formulas are corrected away, its weight decay (trap 11) and what is measured after it are not."""
    for more in ({}, {"reg": "hs", "decay": 1e-4}):
        with_script, without = (
            paper.build({"variant": "corrected", **script, **more})
            for script in ({"script": "mnist-structure-mlp"}, {})
        )
        decays = [p.phases[0].optimizer.weight_decay for p in (with_script, without) if isinstance(p.phases[0], Train)]
        assert decays == [1e-4, 0.0]
        assert [p.phases[-1].name for p in (with_script, without)] == ["compact", "finetune"]


def test_a_script_reads_integers_for_the_corrected_variant_too() -> None:
    typed = {"script": "mnist-structure-mlp", "reg": "2", "decay": 1e-3, "variant": "corrected"}
    assert paper.build(typed) == paper.build({"reg": "ghs", "decay": 1e-3, "variant": "corrected"})


def test_one_integer_means_different_regularisers() -> None:
    """Trap 2."""
    assert {name: script.ids.get(3, "none") for name, script in SCRIPTS.items()} == {
        "mnist-element": "hoyer-square",
        "mnist-structure-mlp": "none",
        "mnist-structure-cnn": "none",
        "cifar-group": "group-hoyer-square",
        "imagenet-group": "group-hoyer-square",
    }


def test_imagenet_defaults_are_the_scripts() -> None:
    """Sheet 4.9."""
    p = paper.build({"network": "imagenet-resnet50", "reg": "ghs", "decay": 1e-4})
    trains = [t for t in p.phases if isinstance(t, Train)]
    assert [(t.epochs, t.optimizer.lr, t.schedule.milestones, t.batch_size) for t in trains] == [
        (45, 1e-3, (30,), 256),
        (30, 1e-3, (), 256),
    ]
    assert trains[0].methods[0].options["grouping"] == "per-position"
    assert p.phases[1].method.options == {"rule": "absolute", "threshold": 1e-4, "mask": "explicit"}  # type: ignore[union-attr]


def test_the_norm_can_be_held() -> None:
    p = paper.build({"reg": "hs", "decay": 1e-4, "hold_norm": True})
    names = [m.name for m in p.phases[0].methods] if p.phases[0].kind == "train" else []
    assert names == ["regulariser", "hold-norm"]


def test_imagenet_is_cropped_at_random_in_training_and_in_the_centre_to_evaluate() -> None:
    """Sheet, section 3."""
    data = paper.build({"network": "imagenet-resnet50", "reg": "ghs", "decay": 1e-4}).data
    crop, flip = data.augment
    assert (crop.kind, crop.scale, crop.ratio) == ("resized-crop", (0.08, 1), (3 / 4, 4 / 3))
    assert (flip.kind, flip.probability) == ("flip", 0.5)
    assert (data.shorter_side, data.resize) == (256, 224)
    named = [e for e in paper.experiments if e.startswith("imagenet/")]
    assert named
    assert all(paper.at_scale(e, "paper", 1).data == data for e in named)
