"""One run of this paper, described as its author would: network, data, method, ratio, checks, and whose code."""

from __future__ import annotations

from dataclasses import dataclass

from papers.random_tickets.settings import REWIND_EPOCH, Code, code_of, epochs_of

INITIAL = ("random", "snip", "grasp")
"""Tickets drawn before training."""
TRAINED = ("hybrid", "lt", "weight-rewinding", "lr-rewinding", "magnitude")
"""Tickets drawn from a trained network."""
METHODS = ("dense", *INITIAL, *TRAINED)
REWINDING = ("hybrid", "weight-rewinding", "lr-rewinding")
BY_RATIO = ("random", "hybrid")
"""Methods whose layers follow smart ratios."""
CHECKS = ("random-labels", "random-pixels", "half-dataset", "layerwise-rearrange", "layerwise-weight-shuffling")
PROFILES = ("quadratic", "linear", "cubic", "ascending", "balanced")
PIXEL_MODES = ("values", "rows", "rows-and-columns")
HALF_MODES = ("first", "random")


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A run; ``None`` means what the variant does.

    Attributes:
        network, dataset, method: names.
        ratio: fraction of the prunable weights removed.
        checks: sanity checks, in the order of ``CHECKS``.
        variant: ``published``, ``answer42`` or ``corrected``.
        epochs: of the first training; ``finetune_epochs``: of the second, for tickets from a trained network.
        rewind_epoch: where the second training's schedule begins, from 0.
        profile, depth_penalty, last_layer_keep: of the smart ratios.
        samples_per_class, score_rounds, temperature, redraw_classifier: of SNIP and GraSP.
        pixel_mode, half_mode: which meaning of these checks.
        lr, weight_decay, batch_size: of training; ``linear_lr``: let the rate fall linearly.
    """

    network: str = "vgg19"
    dataset: str = "cifar10"
    method: str = "random"
    ratio: float = 0.98
    checks: tuple[str, ...] = ()
    variant: str = "corrected"
    epochs: int | None = None
    finetune_epochs: int | None = None
    rewind_epoch: int | None = None
    profile: str = "quadratic"
    depth_penalty: bool | None = None
    last_layer_keep: float = 0.3
    samples_per_class: int | None = None
    score_rounds: int | None = None
    temperature: float = 200.0
    redraw_classifier: bool = True
    pixel_mode: str | None = None
    half_mode: str | None = None
    lr: float = 0.1
    linear_lr: bool = False
    weight_decay: float | None = None
    batch_size: int | None = None

    @property
    def code(self) -> Code:
        """The code base whose training this is."""
        return code_of(self.variant, self.method)

    @property
    def length(self) -> int:
        """Epochs of the first training."""
        return self.epochs or epochs_of(self.dataset)

    @property
    def second_length(self) -> int:
        """Epochs of the second training."""
        return self.finetune_epochs or self.length

    @property
    def rewound_to(self) -> int:
        """The epoch, from 0, where the second schedule begins: 40 of 160, in proportion for other lengths."""
        if self.rewind_epoch is not None:
            return self.rewind_epoch
        return round(REWIND_EPOCH * self.length / 160)
