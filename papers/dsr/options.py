"""The paper's own options of ``repro run dsr``; ``original.py`` says which option of the original each stands for.

Defaults depend on network and method: they are those of the job that ran this combination, and are said as such.
"""

from __future__ import annotations

from papers.dsr.jobs import METHODS
from papers.dsr.settings import NETWORKS
from shared.paper import Option

RUN, SPARSE, WHEN, PRUNING, TRAINING = (
    "network and data",
    "what is sparse",
    "reallocation",
    "gradual pruning",
    "training",
)

RIGL = "rigl"
"""No job has it: what is not typed is as in the job of SET."""

OPTIONS: tuple[Option, ...] = (
    Option(
        "job",
        str,
        None,
        "A line of the published lists, such as cifar:6; `repro list experiments dsr` has them.",
        group=RUN,
    ),
    Option("network", str, "lenet300", "Network, on the data it was studied on.", tuple(NETWORKS), RUN),
    Option("depth", int, 28, "Depth of wide_resnet, 6n + 4.", group=RUN),
    Option(
        "width_multiplier",
        float,
        None,
        "Width; default 2 for wide_resnet, else 1; for thin that of the list, on lenet300 solved for the sparsity.",
        group=RUN,
    ),
    Option("batch_norm", bool, None, "LeNet with normalisation (default) or with biases.", group=RUN),
    Option(
        "norm_init",
        str,
        None,
        "First weights of LeNet's norms: U(0, 1) as in 2018 (default), or 1 as frameworks have had it since.",
        ("uniform", "one"),
        RUN,
    ),
    Option("augmentation", bool, None, "CIFAR-10 with crops and flips (default) or without.", group=RUN),
    Option("val_size", int, 0, "Hold out so many training images and refer accuracies to them.", group=RUN),
    Option("method", str, "dsr", "Method (rigl lies outside the paper).", (*METHODS, RIGL), SPARSE),
    Option("sparsity", float, 0.9, "Fraction of the prunable weights removed.", group=SPARSE),
    Option("sparsity_conv", float, None, "Of convolutions, where it differs from --sparsity.", group=SPARSE),
    Option("sparsity_linear", float, None, "Of linear layers, where it differs.", group=SPARSE),
    Option("target_sparsity_conv", float, None, "Final sparsity of convolutions for --method pruning.", group=PRUNING),
    Option("target_sparsity_linear", float, None, "Final sparsity of linear layers, same.", group=PRUNING),
    Option("granularity", str, "weight", "Units of convolutions.", ("weight", "row", "kernel", "filter"), SPARSE),
    Option("sparse_downsample", bool, False, "ResNet-50: its downsample convolutions are prunable too.", group=SPARSE),
    Option(
        "initial_density",
        str,
        "uniform",
        "Per-tensor densities at first (erdos-renyi is RigL's, outside the paper).",
        ("uniform", "erdos-renyi"),
        SPARSE,
    ),
    Option(
        "rescale_tied_gradient", bool, False, "Divide a tied value's gradient by its uses (corrected).", group=SPARSE
    ),
    Option(
        "masks_of_dsr",
        str,
        None,
        "Static masks found by a DSR run first; then fresh or its initial weights. Options of training, such as "
        "--weight-decay and --l1-coefficient, hold for both runs, --epochs for the static one, those of reallocation "
        "for the search.",
        ("fresh", "initial"),
        SPARSE,
    ),
    Option(
        "drop_criterion",
        str,
        None,
        "What an event drops: below a global threshold, a fraction, or exactly N_p.",
        ("threshold", "fraction", "exact-count"),
        WHEN,
    ),
    Option(
        "reallocations_per_update", int, None, "N_p, units the threshold is steered to move at an event.", group=WHEN
    ),
    Option("initial_threshold", float, 1e-3, "First threshold.", group=WHEN),
    Option(
        "drop_fraction",
        float,
        None,
        "Fraction of each tensor that SET moves; at sparsities without a job it matches DSR's N_p. Of RigL: at its "
        "first update, by default 0.3.",
        group=WHEN,
    ),
    Option("update_interval", int, 100, "Steps between two updates of RigL.", group=WHEN),
    Option(
        "growth_allocation", str, None, "Grow across tensors, or where it was lost.", ("proportional", "within"), WHEN
    ),
    Option(
        "growth_rule",
        str,
        "random",
        "Which free units grow (gradient is RigL's, outside the paper; the README says what else RigL does).",
        ("random", "gradient"),
        WHEN,
    ),
    Option("growth_init", str, "zero", "Value of new weights.", ("zero", "random"), WHEN),
    Option(
        "stop_rewiring_epoch",
        int,
        None,
        "No reallocation from this epoch on (from 0); the end of RigL's cosine.",
        group=WHEN,
    ),
    Option("deep_rewiring_eta", float, 0.01, "Scale of DeepR's noise, sqrt(2 eta T).", group=WHEN),
    Option(
        "deep_rewiring_signs",
        str,
        None,
        "Signs of corrected DeepR: of the initial values for good, or drawn anew at growth.",
        ("fixed", "redrawn"),
        WHEN,
    ),
    Option("pruning_schedule", str, None, "Steps towards the target.", ("exponential", "cubic"), PRUNING),
    Option("pruning_steps", int, None, "Number of prunings.", group=PRUNING),
    Option("pruning_start_epoch", int, None, "First epoch (from 0) that is followed by one.", group=PRUNING),
    Option("pruning_interval_epochs", int, 2, "Epochs between them.", group=PRUNING),
    Option("fine_tune_epochs", int, None, "Epochs from the last pruned one on.", group=PRUNING),
    Option("schedule", str, None, "Schedule by name, or a YAML file of its tables.", group=TRAINING),
    Option("epochs", int, None, "Epochs (of --method pruning: of the dense training before).", group=TRAINING),
    Option("batch_size", int, None, "Training batch.", group=TRAINING),
    Option("momentum", float, 0.9, "Momentum.", group=TRAINING),
    Option("nesterov", bool, None, "Nesterov momentum; on by default.", group=TRAINING),
    Option("weight_decay", float, None, "Weight decay on all parameters.", group=TRAINING),
    Option("l1_coefficient", float, None, "Coefficient of sum abs(w) over the prunable tensors.", group=TRAINING),
    Option(
        "kernel_group_lasso", bool, False, "Group lasso over kernels in place of L1 on convolutions.", group=TRAINING
    ),
)
