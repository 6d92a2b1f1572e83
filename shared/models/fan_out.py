"""Initial weights of the networks of bearpaw/pytorch-classification (hoyer sheet, section 2.2)."""

from __future__ import annotations

import math

from torch import Generator, nn

from shared.models.initialise import Rule, framework_default


def fan_out(classifier_sd: float | None = None, *, zero_bias: bool = False) -> Rule:
    """Convolutions N(0, 2 / (kernel area * output channels)) with bias 0; batch norm 1 and 0; linear as stated.

    Args:
        classifier_sd: standard deviation of linear weights, whose bias is then 0; ``None``: the framework's own.
        zero_bias: linear weights as the framework has them, bias 0.
    """

    def rule(module: nn.Module, generator: Generator) -> None:
        framework_default(module, generator)
        if isinstance(module, nn.Conv2d):
            kh, kw = module.kernel_size
            module.weight.normal_(0, math.sqrt(2 / (kh * kw * module.out_channels)), generator=generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.Linear):
            if classifier_sd is not None:
                module.weight.normal_(0, classifier_sd, generator=generator)
            if classifier_sd is not None or zero_bias:
                module.bias.zero_()

    return rule
