"""FlipOut's own options of ``repro run flipout``: each flag of the original has its counterpart (sheet 6.2).

Defaults are the paper's protocol, not the original parser's. ``papers.flipout.build`` turns typed options into a run.
"""

from __future__ import annotations

from papers.flipout.settings import DATA, NETWORKS
from shared.paper import Option

PERIODIC: tuple[str, ...] = ("flipout", "global-magnitude", "layerwise-magnitude", "random", "topflip", "topflip-layer")
PERIODIC += ("structured-magnitude", "flipout-squared-flips")
"""Criteria that remove a fraction of what remains at each pruning, and so can aim at a sparsity."""
OUTCOME = ("threshold", "sensitivity", "flip")
"""Criteria whose sparsity is an outcome."""
METHODS = ("none", *PERIODIC, "snip", *OUTCOME)

PER_TENSOR = ("minmax", "moving-average-minmax", "histogram")
OBSERVERS = (*PER_TENSOR, "per-channel-minmax", "moving-average-per-channel-minmax")
"""Per-channel observers work for weights alone: the first axis of an activation is the batch (sheet 4.11)."""

RUN, PRUNING, NOISE, PENALTY, TRAINING, QUANTISE = (
    "network and data",
    "pruning",
    "gradient noise",
    "penalties and annealing",
    "training",
    "quantisation",
)

OPTIONS: tuple[Option, ...] = (
    Option("network", str, "vgg19", "Network.", NETWORKS, RUN),
    Option("dataset", str, None, "Data set; default: the one the paper trains the network on.", tuple(DATA), RUN),
    Option("val_size", int, 0, "Hold out so many training images.", group=RUN),
    Option("eval_split", str, "test", "Split that accuracies refer to; val needs --val-size.", ("test", "val"), RUN),
    Option("method", str, "flipout", "What is pruned, and when.", METHODS, PRUNING),
    Option(
        "sparsity", float, 0.999, "Fraction of the prunable weights removed; derives --prune-interval.", group=PRUNING
    ),
    Option("prune_interval", int, None, "Epochs between prunings.", group=PRUNING),
    Option("prune_fraction", float, 0.5, "Fraction of the remaining weights removed each time.", group=PRUNING),
    Option("prune_stop_epoch", int, None, "Prune only in epochs below this one.", group=PRUNING),
    Option("threshold", float, None, "Cut of the methods threshold (abs(w)) and flip (sign flips).", group=PRUNING),
    Option("sensitivity", float, None, "Standard deviations below which --method sensitivity cuts.", group=PRUNING),
    Option(
        "flipout_p", float, 2.0, "Exponent p of the score, of abs(w); with --variant published, of w.", group=PRUNING
    ),
    Option(
        "flips_offset", int, 1, "Ablation: 0 divides FlipOut's score by the flips alone, without + 1.", group=PRUNING
    ),
    Option("prune_bias", bool, False, "Biases are prunable too.", group=PRUNING),
    Option("prune_batchnorm", bool, False, "Batch-norm weights are prunable too.", group=PRUNING),
    Option("grad_noise", bool, None, "Gradient noise; on by default for flipout alone.", group=NOISE),
    Option("grad_noise_scale", float, 1.0, "Noise in units of each gradient's RMS (lambda of the paper).", group=NOISE),
    Option("grad_noise_stop_epoch", int, None, "Noise only in epochs below this one.", group=NOISE),
    Option("grad_noise_prunable_only", bool, False, "Leave biases and batch norm without noise.", group=NOISE),
    Option(
        "grad_noise_mode", str, "per-tensor", "One noise level per tensor, or one.", ("per-tensor", "global"), NOISE
    ),
    Option("grad_noise_scale_by_lr", bool, False, "Multiply the noise by lr at start over lr now.", group=NOISE),
    Option("hoyer_lambda", float, None, "Strength of the Hoyer-Square penalty.", group=PENALTY),
    Option("hoyer_stop_epoch", int, None, "Last epoch of Hoyer-Square; default: to the end.", group=PENALTY),
    Option("hoyer_prunable_only", bool, False, "Hoyer-Square leaves biases and batch norm alone.", group=PENALTY),
    Option("group_hoyer_lambda", float, None, "Strength of the group Hoyer penalty.", group=PENALTY),
    Option("weight_decay", float, 5e-4, "Coupled weight decay; default 0 where --l1 or --l2 is given.", group=PENALTY),
    Option("l1", float, None, "Strength of an explicit L1 penalty.", group=PENALTY),
    Option("l2", float, None, "Strength of an explicit L2 penalty (pulls twice as hard as decay).", group=PENALTY),
    Option("anneal_weight_decay", bool, False, "Scale decay and penalties by (1 - sparsity).", group=PENALTY),
    Option("anneal_lr", bool, False, "Scale the learning rate by (1 - sparsity).", group=PENALTY),
    Option("epochs", int, 350, "Training epochs.", group=TRAINING),
    Option("batch_size", int, 128, "Training batch.", group=TRAINING),
    Option("optimizer", str, "sgd", "Optimiser.", ("sgd", "rmsprop", "adam"), TRAINING),
    Option("lr", float, 0.1, "Initial learning rate.", group=TRAINING),
    Option("momentum", float, 0.9, "Momentum of sgd and rmsprop (default 0 for rmsprop).", group=TRAINING),
    Option(
        "lr_milestones", str, "150,250", "Epochs after which lr is cut, or none; scaled with --epochs.", group=TRAINING
    ),
    Option("lr_gamma", float, 0.1, "Factor of each cut.", group=TRAINING),
    Option("clip_grad_norm", float, None, "Limit of the global gradient norm, after the noise.", group=TRAINING),
    Option("quantise", bool, False, "Quantise to 8 bits after training.", group=QUANTISE),
    Option("quantise_weight_observer", str, "minmax", "Range of the weights.", OBSERVERS, QUANTISE),
    Option("quantise_activation_observer", str, "minmax", "Range of the activations.", PER_TENSOR, QUANTISE),
    Option("quantise_scheme", str, "affine", "Number grid.", ("affine", "symmetric"), QUANTISE),
)
