"""Thresholds, kept counts and structural reports of DeepHoyer against the original's."""

from __future__ import annotations

from typing import Any

import conventions as c
import hoyer_cases as h
import torch
from torch import Tensor

from shared.sparsity import thresholds


def compare(case_id: str, actual: Any) -> None:
    case = h.CASES[case_id]
    c.close(actual, case["expected"], case["tolerance"])


def pruned(w: Tensor, rule: thresholds.Rule, s: float) -> Tensor:
    return w * thresholds.keep(w, thresholds.RULES[rule](w, s))


def test_absolute_threshold_is_strict() -> None:
    inputs = h.CASES["prune-T-ties"]["inputs"]
    w = h.tensor(inputs["w"])
    actual = {}
    for s in inputs["thresholds"]:
        left = pruned(w, "absolute", s)
        values = {"shape": list(w.shape), "data": left.tolist()}
        actual[str(s)] = {"pruned": values, "kept": int((left != 0).sum())}
    compare("prune-T-ties", actual)


def test_absolute_threshold_is_rounded_to_the_tensors_precision() -> None:
    inputs = h.CASES["prune-T-float32-ties"]["inputs"]
    w = torch.tensor([float(text) for text in inputs["w"]], dtype=torch.float32)
    actual = {}
    for s in inputs["thresholds"]:
        mask = thresholds.keep(w, thresholds.absolute(w, s))
        actual[str(s)] = {"kept_mask": mask.int().tolist(), "kept": int((w * mask != 0).sum())}
    compare("prune-T-float32-ties", actual)


def by_std(named: dict[str, Tensor], s: float) -> dict[str, Any]:
    cuts = {n: thresholds.std_ratio(w, s) for n, w in named.items()}
    left = {n: pruned(w, "std-ratio", s) for n, w in named.items()}
    return {
        "threshold": {n: t.item() for n, t in cuts.items()},
        "kept": {n: int((w != 0).sum()) for n, w in left.items()},
        "zeroed_flat": {n: (w == 0).reshape(-1).nonzero().reshape(-1).tolist() for n, w in left.items()},
    }


def test_std_ratio_rule() -> None:
    inputs = h.CASES["prune-V"]["inputs"]
    named = {n: w.detach() for n, w in h.parameters(inputs).items()}
    once = {n: pruned(w, "std-ratio", inputs["s1"]) for n, w in named.items()}
    second = by_std(once, inputs["s2"])
    actual = {
        "one_pruning": {str(s): by_std(named, s) for s in inputs["s"]},
        "two_prunings": {"kept_1": {n: int((w != 0).sum()) for n, w in once.items()}}
        | {f"{k}_2": second[k] for k in ("threshold", "kept")},
    }
    compare("prune-V", actual)


def totals(kept: int, total: int) -> dict[str, Any]:
    return {"percent_pruned_2dp": f"{100 * (total - kept) / total:.2f}", "compression_2dp": f"{total / kept:.2f}"}


def kept_counts(case_id: str) -> dict[str, Any]:
    case = h.CASES[case_id]
    named = {n: w.detach() for n, w in h.parameters(case["inputs"]).items()}
    total = sum(w.numel() for w in named.values())
    rules: dict[str, thresholds.Rule] = {"T": "absolute", "V": "std-ratio"}
    actual: dict[str, Any] = {"total": total}
    for letter, rule in rules.items():
        actual[letter] = {}
        for s in case["expected"][letter]:
            kept = {n: int((pruned(w, rule, float(s)) != 0).sum()) for n, w in named.items()}
            alive = sum(kept.values())
            actual[letter][s] = {"kept": kept, "total_kept": alive, **totals(alive, total)}
    return actual


def test_kept_counts_of_lenet_300_100() -> None:
    compare("kept-counts-lenet-300-100", kept_counts("kept-counts-lenet-300-100"))


def test_kept_counts_of_lenet_5() -> None:
    compare("kept-counts-lenet-5", kept_counts("kept-counts-lenet-5"))
