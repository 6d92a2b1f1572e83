"""Every option of the original scripts: its default in each, and our counterpart (hoyer sheet, section 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Default = float | str | bool | None


@dataclass(frozen=True)
class Flag:
    """One option of some of the original scripts.

    Attributes:
        name: as typed there.
        defaults: script to default; ``None`` where there is none.
        ours: our option, or empty with the reason in ``note``.
        note: what else one must know.
    """

    name: str
    defaults: Mapping[str, Default]
    ours: str
    note: str = ""


ELEMENT, STRUCTURE, FIXED, RATIO = "mnist/element", "mnist/structure", "mnist/prun_tune_T", "mnist/prun_tune_V"
DENSE, GROUP, TUNE = "cifar/cifar", "cifar/cifar_group", "cifar/cifar_prun_tune"
LARGE, LARGE_TUNE = "imagenet/main_group", "imagenet/prun_tune"
MNIST_TRAIN, MNIST_TUNE = (ELEMENT, STRUCTURE), (FIXED, RATIO)
MNIST, CIFAR, IMAGENET = MNIST_TRAIN + MNIST_TUNE, (DENSE, GROUP, TUNE), (LARGE, LARGE_TUNE)
SCRIPTS = MNIST + CIFAR + IMAGENET
"""MNIST has each script twice, with the same options: for LeNet-300-100 and for LeNet-5."""

ENGINE = "the engine decides this; no result depends on it"
RECORDED = "every epoch is recorded"
NAMED = "runs are named and kept by their settings"
ONE_RUN = "dense training, regularised training, pruning and finetuning are one run, which hands its weights on"
RESUMED = "runs resume by themselves, with all their state"
EVALUATED = "every run ends with its evaluation, which its record holds"
TORCHRUN = "torchrun starts the processes of a run on several devices"
ALL = "an option of every paper"


def _in(scripts: tuple[str, ...], default: Default) -> dict[str, Default]:
    return dict.fromkeys(scripts, default)


FLAGS: tuple[Flag, ...] = (
    Flag("reg", _in((*MNIST_TRAIN, GROUP, LARGE), 0), "--reg", "the code of the MNIST scripts reads reg_type (trap 1)"),
    Flag("decay", _in((*MNIST_TRAIN, GROUP, LARGE), 1e-3), "--decay", "must be typed where --reg is"),
    Flag("pretrained", _in(MNIST_TRAIN, False), "--pretrained", "hard-coded to a file of reg 0, decay 0.0 (trap 16)"),
    Flag("pretrained", _in((LARGE,), False), "--pretrained", "torchvision's weights; ours are trained first"),
    Flag("pretrained", _in((LARGE_TUNE,), False), "", "prunes torchvision's weights, with nothing regularised before"),
    Flag("epochs", _in(MNIST_TRAIN, 250) | _in((GROUP,), 300) | _in((LARGE,), 45), "--epochs"),
    Flag("epochs", _in((DENSE,), 300), "--pretrain-epochs", "--epochs where the dense network is all"),
    Flag("epochs", {FIXED: 100, RATIO: 50, TUNE: 300, LARGE_TUNE: 30}, "--finetune-epochs"),
    Flag("lr", _in(MNIST_TRAIN, 1e-3) | _in((DENSE, GROUP), 0.1) | _in((LARGE,), 1e-3), "--lr"),
    Flag("lr", {FIXED: 1e-4, RATIO: 1e-3, TUNE: 0.1, LARGE_TUNE: 1e-3}, "--finetune-lr"),
    Flag("schedule", _in(CIFAR, "150 225"), "--lr-milestones", "one list for all stages of a run"),
    Flag("gamma", _in(CIFAR, 0.1), "--lr-gamma"),
    Flag("lr_int", _in(IMAGENET, 30), "--lr-milestones", "the epochs themselves: 30,60 for an interval of 30 in 90"),
    Flag("lr_decay", _in(IMAGENET, 0.1), "--lr-gamma"),
    Flag("momentum", _in(CIFAR + IMAGENET, 0.9), "--set", "--set phases.NAME.optimizer.momentum=..., phase by phase"),
    Flag("weight-decay", _in((DENSE, GROUP), 5e-4) | _in((LARGE,), 1e-4), "--weight-decay", "MNIST's is hard-coded"),
    Flag("weight-decay", {TUNE: 5e-4, LARGE_TUNE: 1e-4}, "--finetune-weight-decay"),
    Flag("sensitivity", {FIXED: 1e-3, TUNE: 1e-4, LARGE_TUNE: 1e-4}, "--threshold", "--prune-rule absolute"),
    Flag("sensitivity", {RATIO: 0.25}, "--threshold", "--prune-rule std-ratio"),
    Flag("sensitivity", {LARGE: 1e-4}, "", "only for the sparsities it prints; ours are counted after the pruning"),
    Flag("batch-size", _in(MNIST, 100) | _in(IMAGENET, 256), "--batch-size", "one for all stages of a run"),
    Flag("train-batch", _in(CIFAR, 128), "--batch-size", "one for all stages of a run"),
    Flag("test-batch-size", _in(MNIST, 1000), "", ENGINE),
    Flag("test-batch", _in(CIFAR, 100), "", ENGINE),
    Flag("workers", {DENSE: 4, GROUP: 8, TUNE: 8} | _in(IMAGENET, 16), "", ENGINE),
    Flag("dataset", _in(CIFAR, "cifar10"), "--dataset"),
    Flag("data", _in(IMAGENET, None), "--data-dir", ALL),
    Flag("arch", _in(CIFAR, "resnet20") | _in(IMAGENET, "alexnet"), "--network", "resnet20 does not exist (trap 14)"),
    Flag("depth", {DENSE: 29, GROUP: 20, TUNE: 29}, "--depth", "29 is no BasicBlock network's (trap 14)"),
    Flag("block-name", _in(CIFAR, "BasicBlock"), "--block"),
    Flag("cardinality", _in(CIFAR, 8), "--cardinality"),
    Flag("widen-factor", _in(CIFAR, 4), "--widen-factor", "wrn; resnext's classifier allows 4 alone (sheet 2.2)"),
    Flag("growthRate", _in(CIFAR, 12), "--growth-rate"),
    Flag("compressionRate", _in(CIFAR, 2), "", "2 in every recipe, and part of the network here"),
    Flag("drop", _in(CIFAR, 0), "--dropout", "wrn; resnext ignores it, and no recipe of densenet has one"),
    Flag("seed", _in(MNIST, 12345678) | _in(IMAGENET, None), "--seed", ALL),
    Flag("manualSeed", _in(CIFAR, None), "--seed", "drawn from 1 to 10000 and not printed where it is not typed"),
    Flag("model", _in(MNIST_TUNE, "saves/initial_model") | _in((GROUP, TUNE, LARGE_TUNE), "model"), "", ONE_RUN),
    Flag("resume", _in((DENSE, LARGE), ""), "", RESUMED),
    Flag("resume", {GROUP: "", TUNE: "", LARGE_TUNE: "saves"}, "", ONE_RUN),
    Flag("start-epoch", _in(CIFAR + IMAGENET, 0), "", RESUMED),
    Flag("checkpoint", {DENSE: "checkpoint"}, "--runs-dir", ALL),
    Flag("evaluate", _in(CIFAR + IMAGENET, False), "", EVALUATED),
    Flag("log-interval", _in(MNIST, 100), "", RECORDED),
    Flag("print-freq", _in(IMAGENET, 100), "", RECORDED),
    Flag("log", _in(MNIST, "log.txt"), "", NAMED),
    Flag("no-cuda", _in(MNIST, False), "--device", "--device cpu"),
    Flag("gpu-id", _in(CIFAR, "0"), "--device", "never had an effect: the line that reads it is commented out"),
    Flag("gpu", _in(IMAGENET, None), "--device"),
    Flag("world-size", _in(IMAGENET, 1), "", TORCHRUN),
    Flag("dist-url", _in(IMAGENET, "tcp://224.66.41.62:23456"), "", TORCHRUN),
    Flag("dist-backend", _in(IMAGENET, "gloo"), "", TORCHRUN),
)


def of_script(script: str) -> Iterator[tuple[str, Default]]:
    """The options of one script with their defaults."""
    return ((flag.name, flag.defaults[script]) for flag in FLAGS if script in flag.defaults)
