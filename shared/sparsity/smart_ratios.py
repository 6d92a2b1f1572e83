"""Smart ratios: how many weights of each layer a random ticket keeps (random_tickets sheet, sections 4.1 to 4.3).

Early layers keep a larger share than late ones, the last linear layer a fixed one, and what a full layer cannot take
flows to the next. Three arithmetics of the same idea gave different counts, and all of them are here: ``published``
(single precision, truncating everywhere), ``answer42`` (double precision and a depth that is set by hand) and
``corrected`` (exact fractions that add up to the target).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from shared.errors import ReproError

Profile = Literal["quadratic", "linear", "cubic", "ascending", "balanced"]
Arithmetic = Literal["published", "answer42", "corrected"]

RAW: dict[str, Callable[[int, int], int]] = {
    # share of the layer at position "at" of n (from 1) before scaling, from k = n - at + 1
    "quadratic": lambda k, at: k * k + k,
    "linear": lambda k, at: k,
    "cubic": lambda k, at: k**3,
    "ascending": lambda k, at: at * at + at,
    "balanced": lambda k, at: 1,
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Which counts are wanted.

    Attributes:
        sparsity: fraction removed.
        profile: how the share falls with depth; ``balanced`` gives every convolution the same.
        depth_penalty: whether shares are divided by the squared position (plain chains of layers, as VGG).
        linear_keep: fraction of every linear layer that is kept.
        arithmetic: which of the three.
        depth: the number of layers in the formula (``answer42`` alone sets it by hand: 19 and 33 for 17 and 34).
    """

    sparsity: float
    profile: Profile = "quadratic"
    depth_penalty: bool = False
    linear_keep: float = 0.3
    arithmetic: Arithmetic = "corrected"
    depth: int | None = None


def smart_counts(sizes: Sequence[int], linear: Sequence[bool], rule: Rule) -> list[int]:
    """Weights to keep of each layer.

    Args:
        sizes: weights per layer, in module order.
        linear: which of the layers are linear.
        rule: see ``Rule``.

    Raises:
        ReproError: if the linear layers alone exceed the budget, or a balanced share exceeds a layer.
    """
    if rule.profile not in RAW:
        raise ReproError(f"profile is one of {', '.join(RAW)}, not {rule.profile!r}.")
    if rule.arithmetic == "answer42":
        ratios = answer42_ratios(sizes, linear, rule)
        return [int(rule.linear_keep * n) if f else int(r * n) for n, f, r in zip(sizes, linear, ratios, strict=True)]
    return (_published if rule.arithmetic == "published" else _corrected)(sizes, linear, rule)


def _published(sizes: Sequence[int], linear: Sequence[bool], rule: Rule) -> list[int]:
    f32, n = np.float32, len(sizes)
    all_linear = sum(s for s, f in zip(sizes, linear, strict=True) if f)
    kept_linear = int(f32(rule.linear_keep) * f32(all_linear))
    goal = int(f32(sum(sizes)) * f32(1 - rule.sparsity)) - kept_linear
    _check_budget(goal, rule)
    counts = [int(f32(rule.linear_keep) * f32(s)) if f else 0 for s, f in zip(sizes, linear, strict=True)]
    convs = [i for i in range(n) if not linear[i]]
    if rule.profile == "balanced":
        share = goal / sum(sizes[i] for i in convs)
        _check_share(share, rule)
        for i in convs:
            counts[i] = int(f32(share) * f32(sizes[i]))
        return counts
    square = [f32((i + 1) ** 2) if rule.depth_penalty else f32(1) for i in range(n)]
    raw = [f32(RAW[rule.profile](n - i, i + 1)) for i in range(n)]
    scale = f32(goal / sum(int(f32(sizes[i]) * raw[i] / square[i]) for i in convs))
    ratio = {i: raw[i] * scale / square[i] for i in convs}
    carry = 0
    for i in convs:
        size = f32(sizes[i])
        if ratio[i] >= 1:
            carry += int((ratio[i] - f32(1)) * size)
            ratio[i] = f32(1)
        else:
            room = int((f32(1) - ratio[i]) * size)
            full = room < carry
            ratio[i] = f32(1) if full else ratio[i] + f32(carry) / size
            carry = carry - room if full else 0
        if not carry:
            break  # as published: later layers above 1 are only cut off
    for i in convs:
        counts[i] = sizes[i] if ratio[i] >= 1 else int(ratio[i] * f32(sizes[i]))
    return counts


def answer42_ratios(sizes: Sequence[int], linear: Sequence[bool], rule: Rule) -> list[float]:
    """Real-valued shares after the cascade, which includes the last layer (random tickets ignore what that receives).

    Raises:
        ReproError: if the linear layer alone exceeds the budget, or the profile is not one of the two there are.
    """
    if rule.profile not in ("quadratic", "balanced"):
        raise ReproError(f"Variant answer42 has the profiles quadratic and balanced, not {rule.profile!r}.")
    n, depth = len(sizes), rule.depth or len(sizes)
    raw = [float(RAW[rule.profile](depth - i, i + 1)) for i in range(n)]
    if rule.depth_penalty and rule.profile != "balanced":
        raw = [r / (i + 1) ** 2 for i, r in enumerate(raw)]
    goal = (1 - rule.sparsity) * sum(sizes) - rule.linear_keep * sizes[-1]
    _check_budget(goal, rule)
    scale = goal / sum(r * s for r, s in zip(raw, sizes, strict=True))
    ratios = [r * scale for r in raw]
    ratios[-1] = rule.linear_keep
    for i in range(n - 1):
        if ratios[i] > 1:
            ratios[i + 1] += (ratios[i] - 1) * sizes[i] / sizes[i + 1]
            ratios[i] = 1.0
    return ratios


def _corrected(sizes: Sequence[int], linear: Sequence[bool], rule: Rule) -> list[int]:
    amounts = exact_amounts(sizes, linear, rule)
    target = int((1 - Fraction(str(rule.sparsity))) * sum(sizes))
    counts = [max(1, int(a)) for a in amounts]
    left = target - sum(counts)
    open_ = [i for i in range(len(sizes)) if not linear[i] and counts[i] < sizes[i] and amounts[i] >= 1]
    for i in sorted(open_, key=lambda i: (-(amounts[i] % 1), i))[: max(0, left)]:
        counts[i] += 1
    while left < 0 and max(counts) > 1:  # what the guarantee cost; with fewer weights than layers it costs more
        for i in [i for i in sorted(range(len(sizes)), key=lambda i: -counts[i]) if counts[i] > 1][:-left]:
            counts[i] -= 1
            left += 1
    return counts


def exact_amounts(sizes: Sequence[int], linear: Sequence[bool], rule: Rule) -> list[Fraction]:
    """The shares of ``corrected`` in weights, before rounding; sparsity and linear share are read as decimals."""
    n, convs = len(sizes), [i for i in range(len(sizes)) if not linear[i]]
    keep = Fraction(str(rule.linear_keep))
    amounts = [keep * s if f else Fraction(0) for s, f in zip(sizes, linear, strict=True)]
    goal = (1 - Fraction(str(rule.sparsity))) * sum(sizes) - sum(amounts)
    _check_budget(float(goal), rule)
    raw = {i: Fraction(RAW[rule.profile](n - i, i + 1)) for i in convs}
    if rule.depth_penalty and rule.profile != "balanced":
        raw = {i: r / (i + 1) ** 2 for i, r in raw.items()}
    scale = goal / sum(raw[i] * sizes[i] for i in convs)
    wanted = {i: scale * raw[i] * sizes[i] for i in convs}
    carry = Fraction(0)
    for i in (*convs, *convs):  # a second walk, for what overflows the last layer of an ascending profile
        asked = wanted.pop(i, amounts[i]) + carry
        amounts[i] = min(asked, Fraction(sizes[i]))
        carry = asked - amounts[i]
    return amounts


def starved(counts: Sequence[int]) -> list[int]:
    """Positions of layers that keep nothing: a chain of layers with one of them is a constant (sheet, 7.4)."""
    return [i for i, c in enumerate(counts) if c == 0]


def guaranteed(sizes: Sequence[int], linear: Sequence[bool], rule: Rule) -> list[int]:
    """Positions that ``corrected`` gives their one weight although their share is below one."""
    return [i for i, a in enumerate(exact_amounts(sizes, linear, rule)) if a < 1]


def _check_budget(goal: float, rule: Rule) -> None:
    if goal <= 0:
        raise ReproError(
            f"At a sparsity of {rule.sparsity:g} the linear layers alone exceed the budget at "
            f"{rule.linear_keep:g} of their weights; lower one of the two."
        )


def _check_share(share: float, rule: Rule) -> None:
    if share > 1:
        raise ReproError(f"A balanced share at a sparsity of {rule.sparsity:g} exceeds the layers; ask for more.")
