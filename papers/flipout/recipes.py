"""Each method of the paper as a tuple of training components, in the order in which they act in a step (sheet 4.1).

Order: penalties; mask-gradients or frozen-zeros; gradient-noise; clip-gradient-norm; count-flips; prune; annealing.
Options equal to a component's neutral value are left out, so that a run's identity does not depend on spelling.
"""

from __future__ import annotations

from papers.flipout.settings import FRACTION
from shared.protocol import Method, Options

MASK_GRADIENTS = Method(name="mask-gradients")
FROZEN_ZEROS = Method(name="frozen-zeros")
COUNT_FLIPS = Method(name="count-flips")

COUNTED = ("global-magnitude", "random", "flipout", "flipout-squared-flips")
"""Criteria whose number of removed weights differs between what was run and what was meant (trap T17, sheet 4.3)."""
FLIP_CRITERIA = ("flipout", "flipout-squared-flips", "topflip", "topflip-layer", "flip")


def noise(scale: float) -> Method:
    """Gradient noise on all parameters with a multiple of each gradient's own RMS (sheet 4.4)."""
    return Method(name="gradient-noise", options={"scale": scale})


def prune(criterion: str, variant: str, options: Options) -> Method:
    """The pruning component; the published way of counting is stated for the criteria that have one."""
    counts: Options = {"counts": "published"} if criterion in COUNTED and variant == "published" else {}
    return Method(name="prune", options={"criterion": criterion, **options, **counts})


def periodic(
    criterion: str,
    interval: int,
    *,
    fraction: float = FRACTION,
    noise_scale: float = 0.0,
    options: Options | None = None,
) -> tuple[Method, ...]:
    """Remove a fraction of what remains every ``interval`` epochs by a criterion, noisy or not (P1-P3, P7).

    Args:
        criterion: name known to the ``prune`` component.
        interval: epochs between prunings.
        fraction: of the remaining weights, removed each time.
        noise_scale: lambda of the paper; 0 leaves the noise component out.
        options: further options of the criterion.
    """
    noisy = (noise(noise_scale),) if noise_scale else ()
    counting = (COUNT_FLIPS,) if criterion in FLIP_CRITERIA else ()
    step = prune(criterion, "published", {"fraction": fraction, "interval": interval, **(options or {})})
    return (MASK_GRADIENTS, *noisy, *counting, step)


def hoyer_square(strength: float, threshold: float, last_epoch: int) -> tuple[Method, ...]:
    """Hoyer-Square on all parameters until ``last_epoch``, and one threshold pruning at its end (sheet 4.7, P5)."""
    return (
        Method(name="hoyer-square", options={"strength": strength, "last_epoch": last_epoch}),
        MASK_GRADIENTS,
        prune("threshold", "published", {"threshold": threshold, "interval": last_epoch}),
    )


def snip(sparsity: float, variant: str) -> Method:
    """SNIP before training (sheet 4.6)."""
    return Method(name="snip", options={"sparsity": sparsity, "variant": variant})


def after_snip(variant: str) -> tuple[Method, ...]:
    """What keeps SNIP's zeros: gradient hooks on a network whose masks are ones (T29), or the common masks."""
    return (FROZEN_ZEROS,) if variant == "published" else (MASK_GRADIENTS,)
