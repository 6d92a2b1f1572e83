"""Observers: how the range of a tensor becomes a scale and a zero point (flipout sheet, section 4.11).

The arithmetic is torchao's own. Weights are signed (-128..127) and activations unsigned (0..255), always full range.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any, Literal

import torch

from shared.errors import ReproError, unknown
from shared.protocol import Quantise

Role = Literal["weight", "activation"]
Scheme = Literal["affine", "symmetric"]

OBSERVERS = {
    "minmax": "MinMaxObserver",
    "moving-average-minmax": "MovingAverageMinMaxObserver",
    "per-channel-minmax": "PerChannelMinMaxObserver",
    "moving-average-per-channel-minmax": "MovingAveragePerChannelMinMaxObserver",
    "histogram": "HistogramObserver",
}
DTYPES: dict[Role, torch.dtype] = {"weight": torch.int8, "activation": torch.uint8}


def torchao_part(name: str) -> Any:
    """Import a part of torchao, e.g. ``"quantization.pt2e"``, only when it is needed.

    Raises:
        ReproError: torchao is not installed.
    """
    # One log line about an enumeration of torchao's own, at every import, is nothing a user can act on.
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
    try:
        return importlib.import_module(f"torchao.{name}")
    except ModuleNotFoundError as error:
        raise ReproError(
            "Quantisation needs torchao; install it with: pip install 'pruning-repro[quantise]'"
        ) from error


def settings(name: str, role: Role, scheme: Scheme) -> dict[str, Any]:
    """Check an observer's name and give the keyword arguments that its class and a torchao quantisation spec share.

    Args:
        name: one of ``OBSERVERS``.
        role: what is observed.
        scheme: ``affine`` uses the whole range; ``symmetric`` puts the zero point in its middle.

    Returns:
        ``dtype``, ``qscheme`` and, per channel, ``ch_axis`` (axis 0, the output channels). ``quant_min`` and
        ``quant_max`` stay unset: with them torchao would put the symmetric zero point at 127 instead of 128.

    Raises:
        ReproError: unknown observer or scheme, or a per-channel observer for activations.
    """
    if name not in OBSERVERS:
        raise unknown("observer", name, OBSERVERS)
    if scheme not in ("affine", "symmetric"):
        raise unknown("quantisation scheme", scheme, ("affine", "symmetric"))
    per_channel = "per-channel" in name
    if per_channel and role == "activation":
        others = ", ".join(n for n in OBSERVERS if "per-channel" not in n)
        raise ReproError(
            f"Observer {name!r} works for weights only, because the first axis of an activation is the batch; "
            f"choose activation_observer from {others}."
        )
    qscheme = getattr(torch, f"per_{'channel' if per_channel else 'tensor'}_{scheme}")
    return {"dtype": DTYPES[role], "qscheme": qscheme} | ({"ch_axis": 0} if per_channel else {})


def weight_settings(spec: Quantise) -> dict[str, Any]:
    """``settings`` of the weights of a quantise phase."""
    return settings(spec.weight_observer, "weight", spec.weight_scheme or spec.scheme)


def activation_settings(spec: Quantise) -> dict[str, Any]:
    """``settings`` of the activations of a quantise phase."""
    return settings(spec.activation_observer, "activation", spec.scheme)


def check(spec: Quantise) -> None:
    """Refuse a phase that cannot run; for the beginning of a run, before hours of training are spent.

    Raises:
        ReproError: an observer does not exist or does not fit, or torchao is not installed.
    """
    weight_settings(spec)
    activation_settings(spec)
    torchao_part("quantization.pt2e")


def observer(name: str, role: Role, scheme: Scheme) -> Any:
    """A fresh torchao observer: call it on tensors, then ``calculate_qparams()`` gives (scale, zero point).

    Args, Raises: as ``settings``; ``ReproError`` also when torchao is not installed.
    """
    arguments = settings(name, role, scheme)
    return observer_class(name)(**arguments)


def observer_class(name: str) -> Any:
    """The torchao class behind an observer's name."""
    return getattr(torchao_part("quantization.pt2e"), OBSERVERS[name])
