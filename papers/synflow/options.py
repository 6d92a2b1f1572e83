"""SynFlow's own options of ``repro run synflow``: each flag of the original has its counterpart (sheet, section 6).

Defaults are the paper's, not the original parser's. ``papers.synflow.build`` turns typed options into a run.
"""

from __future__ import annotations

from papers.synflow.networks import CLASSES, SIZES
from papers.synflow.protocols import PRUNERS
from shared.paper import Option

RUN, PRUNING, SAMPLE, ABLATION, TRAINING = (
    "network and data",
    "pruning",
    "scoring sample",
    "ablations",
    "training",
)
NAMES = tuple(sorted({name for names in CLASSES.values() for name in names}))
RATIO = "Ratio: 10 keeps one weight in ten. The original's --compression is an exponent: see --log10-compression."

OPTIONS: tuple[Option, ...] = (
    Option("network", str, "vgg16-bn", "Network, by its name in the original.", NAMES, RUN),
    Option("model_class", str, None, "Class of the original; default: the one the paper takes.", tuple(CLASSES), RUN),
    Option("dataset", str, "cifar10", "Data set.", tuple(SIZES), RUN),
    Option("pruner", str, "synflow", "Criterion; none trains dense.", ("none", *PRUNERS), PRUNING),
    Option("compression", float, None, RATIO, group=PRUNING),
    Option("log10_compression", float, None, "Exponent c of a ratio 10^c, as the original reads it.", group=PRUNING),
    Option("sparsity", float, None, "Fraction of the prunable weights REMOVED.", group=PRUNING),
    Option("prune_iterations", int, None, "Scoring rounds; default: 100 for synflow, else 1.", group=PRUNING),
    Option("prune_schedule", str, "exponential", "Of the rounds' densities.", ("exponential", "linear"), PRUNING),
    Option("prune_scope", str, "global", "Rank all weights together or by tensor.", ("global", "local"), PRUNING),
    Option("normalize_score", bool, False, "Rank each tensor's scores by deviations from its mean.", group=PRUNING),
    Option("prune_bias", bool, False, "Rank biases too.", group=PRUNING),
    Option("prune_batchnorm", bool, False, "Rank batch normalisation too.", group=PRUNING),
    Option("prune_residual", bool, False, "Rank the factors of identity shortcuts too.", group=PRUNING),
    Option(
        "prune_classifier", bool, True, "Rank the classifier; off: the original's --dense-classifier.", group=PRUNING
    ),
    Option("train_mode", bool, False, "Score with batch statistics.", group=PRUNING),
    Option(
        "grasp_sign", str, None, "The paper's rule, or the inverted one that was run.", ("paper", "published"), PRUNING
    ),
    Option("score_dtype", str, None, "Of SynFlow's arithmetic.", ("float64", "float32"), PRUNING),
    Option("samples_per_class", int, 10, "Scored training images for each class.", group=SAMPLE),
    Option("score_batch_size", int, 256, "Images of a scored batch.", group=SAMPLE),
    Option("score_sampling", str, "uniform", "How they are drawn.", ("uniform", "stratified", "all"), SAMPLE),
    Option("score_augmented", bool, True, "Augment the scored images.", group=SAMPLE),
    Option("shuffle", bool, False, "Permute each layer's mask (a no-op in the original).", group=ABLATION),
    Option("reinitialize", bool, False, "Draw the weights anew after pruning.", group=ABLATION),
    Option("invert", bool, False, "Remove the highest scores.", group=ABLATION),
    Option("levels", int, 0, "Levels of iterative pruning, each a training; 0: single shot.", group=PRUNING),
    Option(
        "rewind", bool, None, "Whether levels go back to the initial weights; default: the variant's.", group=PRUNING
    ),
    Option("pretrain_epochs", int, 0, "Epochs before pruning, with the same optimiser.", group=TRAINING),
    Option("epochs", int, None, "Epochs after pruning; default: the paper's.", group=TRAINING),
    Option("batch_size", int, None, "Images of a step; default: the paper's.", group=TRAINING),
    Option("optimizer", str, None, "Default: the paper's.", ("nesterov", "adam", "sgd", "rmsprop"), TRAINING),
    Option("lr", float, None, "Learning rate; default: the paper's.", group=TRAINING),
    Option("lr_milestones", str, None, "Epochs of the learning-rate steps, e.g. 60,120, or none.", group=TRAINING),
    Option("lr_gamma", float, None, "Factor of each step; default: the paper's.", group=TRAINING),
    Option("weight_decay", float, None, "Coupled L2 on all parameters; default: the paper's.", group=TRAINING),
)
