"""This paper's own options of ``repro run random_tickets``.

Each flag of the originals has its counterpart or a reason for none: ``papers.random_tickets.original`` (sheet 6.2).
Defaults are the variant's; ``papers.random_tickets.build`` turns typed options into a run.
"""

from __future__ import annotations

from papers.random_tickets.settings import DATASETS, NETWORKS, OTHER_NETWORKS
from papers.random_tickets.ticket import CHECKS, HALF_MODES, METHODS, PIXEL_MODES, PROFILES
from shared.paper import Option

RUN, TICKET, RATIOS, SCORES, SANITY, TRAINING = (
    "network and data",
    "ticket",
    "smart ratios",
    "SNIP and GraSP",
    "sanity checks",
    "training",
)

OPTIONS: tuple[Option, ...] = (
    Option("network", str, "vgg19", "Network; ResNets have twice the usual width.", (*NETWORKS, *OTHER_NETWORKS), RUN),
    Option("dataset", str, "cifar10", "Data set.", (*DATASETS, "digits"), RUN),
    Option("method", str, "random", "How the ticket is drawn; lt is the lottery ticket.", METHODS, TICKET),
    Option("ratio", float, 0.98, "Fraction of the prunable weights REMOVED.", group=TICKET),
    Option("rewind_epoch", int, None, "Epoch from which the second schedule runs; default: 40 of 160.", group=TICKET),
    Option("check", list[str], None, "Sanity check; repeatable.", CHECKS, SANITY),
    Option("pixel_mode", str, None, "What random pixels moves; default: the variant's.", PIXEL_MODES, SANITY),
    Option("half_mode", str, None, "Which half of the data; default: the variant's.", HALF_MODES, SANITY),
    Option("profile", str, "quadratic", "How the kept share falls with depth.", PROFILES, RATIOS),
    Option("depth_penalty", bool, None, "Divide shares by the squared depth; default: VGG only.", group=RATIOS),
    Option("last_layer_keep", float, 0.3, "Fraction of every linear layer that is kept.", group=RATIOS),
    Option("allow_dead_layers", bool, False, "Train although a layer keeps no weight.", group=RATIOS),
    Option("samples_per_class", int, None, "Scored samples of each class; default: the variant's.", group=SCORES),
    Option("score_rounds", int, None, "Batches that are scored together; default: the variant's.", group=SCORES),
    Option("temperature", float, 200.0, "GraSP divides logits by it.", group=SCORES),
    Option("redraw_classifier", bool, True, "GraSP scores linear layers at weights drawn anew.", group=SCORES),
    Option("epochs", int, None, "Epochs of the first training; default: 160 (Tiny-ImageNet 300).", group=TRAINING),
    Option("finetune_epochs", int, None, "Epochs of the second training; default: as the first.", group=TRAINING),
    Option("lr", float, 0.1, "Learning rate.", group=TRAINING),
    Option(
        "lr_schedule", str, "steps", "Steps at 1/2 and 3/4, or a straight line to 0.", ("steps", "linear"), TRAINING
    ),
    Option("weight_decay", float, None, "Coupled L2 on all parameters; default: the variant's.", group=TRAINING),
    Option("batch_size", int, None, "Images of a step; default: the variant's.", group=TRAINING),
)
