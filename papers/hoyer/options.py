"""DeepHoyer's own options of ``repro run hoyer``: each flag of the original scripts has its counterpart (sheet 6).

Defaults are those of the stage that a data set belongs to; ``papers.hoyer.build`` turns typed options into a run.
"""

from __future__ import annotations

from papers.hoyer.original_ids import SCRIPTS
from shared.paper import Option

MNIST_NETWORKS = ("lenet-300-100", "lenet-5")
CIFAR_NETWORKS = ("resnet", "preresnet", "alexnet", "vgg19-bn", "wrn", "resnext", "densenet-bc")
IMAGENET_NETWORKS = ("imagenet-alexnet", "imagenet-resnet50")
NETWORKS = (*MNIST_NETWORKS, *CIFAR_NETWORKS, *IMAGENET_NETWORKS)
DATASETS = ("mnist", "fashion-mnist", "cifar10", "cifar100", "imagenet")

RUN, PENALTY, TRAINING, PRUNING = "network and data", "regulariser", "training", "pruning and finetuning"

IDS = "; ".join(f"{n}: " + ", ".join(f"{i} {r}" for i, r in s.ids.items() if i) for n, s in SCRIPTS.items()) + "."
"""What each integer means in each script."""

OPTIONS: tuple[Option, ...] = (
    Option("network", str, "lenet-300-100", "Network.", NETWORKS, RUN),
    Option("dataset", str, None, "Data set; default: mnist for the LeNets, imagenet for imagenet-..., else cifar10.",
           DATASETS, RUN),
    Option("depth", int, None, "Depth of resnet, preresnet, wrn, resnext or densenet-bc.", group=RUN),
    Option("block", str, "basic", "Block of resnet and preresnet.", ("basic", "bottleneck"), RUN),
    Option("cardinality", int, 8, "Groups of resnext.", group=RUN),
    Option("widen_factor", int, 10, "Width of wrn.", group=RUN),
    Option("growth_rate", int, 12, "Growth of densenet-bc.", group=RUN),
    Option("dropout", float, 0.0, "Dropout of wrn.", group=RUN),
    Option("val_size", int, None, "Hold out so many training images (0; 5000 with --variant corrected after the ratio "
           "rule, which chooses its epoch of finetuning on them, of every class its share; not on ImageNet).",
           group=RUN),
    Option("eval_split", str, "test", "Split that accuracies refer to; val needs --val-size.", ("test", "val"), RUN),
    Option("reg", str, "none", "Regulariser by name (hs, tl1, ghs for short), or an original integer with --script.",
           group=PENALTY),
    Option("script", str, None, "The original script whose integers, tensors and groups hold; by --reg where left out. "
           + IDS, tuple(SCRIPTS), PENALTY),
    Option("decay", float, None, "Strength lambda of the regulariser.", group=PENALTY),
    Option("hold_norm", bool, False, "Keep the norm of each weight tensor while regularising (against trap 7).",
           group=PENALTY),
    Option("pretrained", bool, None, "Start from a dense network, trained first; always so on CIFAR.", group=TRAINING),
    Option("pretrain_epochs", int, None, "Epochs of the dense network (250 on MNIST, 90 on ImageNet; CIFAR: as "
           "--epochs).", group=TRAINING),
    Option("epochs", int, None, "Epochs of the regularised training (250 on MNIST, 45 on ImageNet; CIFAR: 164, "
           "wrn 200, resnext and densenet-bc 300).", group=TRAINING),
    Option("batch_size", int, None, "Training batch (100 on MNIST, 256 on ImageNet; CIFAR: 128, densenet-bc 64).",
           group=TRAINING),
    Option("lr", float, None, "Learning rate of the regularised training (1e-3 on MNIST and ImageNet, 0.1 on CIFAR); "
           "on CIFAR of the dense network and, unless --finetune-lr is typed, of finetuning too.", group=TRAINING),
    Option("lr_milestones", str, None, "Epochs at which lr is cut in every stage, or none (CIFAR: 81,122; wrn "
           "60,120,160; resnext and densenet-bc 150,225; scaled with the stage's epochs; ImageNet: each 30).",
           group=TRAINING),
    Option("lr_gamma", float, None, "CIFAR, ImageNet: factor of each cut (0.1; wrn 0.2).", group=TRAINING),
    Option("weight_decay", float, None, "Coupled decay of the regularised training (0; 1e-4 with group regularisers "
           "and on ImageNet; CIFAR: 5e-4, resnet, preresnet and densenet-bc 1e-4); on CIFAR and ImageNet of the dense "
           "network and, unless --finetune-weight-decay is typed, of finetuning too.", group=TRAINING),
    Option("prune_rule", str, None, "absolute (T), std-ratio (V) or none; default: V on MNIST, else absolute.",
           ("absolute", "std-ratio", "none"), PRUNING),
    Option("threshold", float, None, "Cut (0.001; 1e-4 on CIFAR, ImageNet), or multiple of each tensor's std (0.25).",
           group=PRUNING),
    Option("target_sparsity", float, None, "In place of --threshold: the fraction of weights to remove; the threshold "
           "that does so is searched.", group=PRUNING),
    Option("finetune_epochs", int, None, "Epochs of finetuning (100 after T, 50 after V, 30 on ImageNet; CIFAR: as "
           "--epochs).", group=PRUNING),
    Option("finetune_lr", float, None, "Learning rate of finetuning (1e-4 after T, 1e-3 after V and on ImageNet; "
           "CIFAR: as --lr).", group=PRUNING),
    Option("finetune_weight_decay", float, None, "Decay of finetuning (0 after T, 1e-4 after V; CIFAR, ImageNet: as "
           "--weight-decay).", group=PRUNING),
)  # fmt: skip
