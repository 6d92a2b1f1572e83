"""From scores and densities to masks: the original's threshold and the exact rule."""

from __future__ import annotations

import conventions as c
import pytest
import synflow_cases as s
import torch

from shared.sparsity import density
from shared.sparsity.keep import above_threshold, exactly, inverted, keep, standardised, threshold

CASES = s.CASES


def scores_of(specs):
    parts = [s.value(spec) for spec in specs]
    return torch.cat([p.reshape(-1) for p in parts]), [p.numel() for p in parts]


def cut(live, sizes):
    return [m.int().tolist() for m in live.split(sizes)]


def all_live(scores):
    return torch.ones_like(scores, dtype=torch.bool)


def test_schedules():
    case = CASES["schedules"]
    settings = case["inputs"]["settings"]
    assert case["expected"]["published"] == [{"same_as_exponential": True}] * len(settings)
    for kind in ("exponential", "linear"):
        for given, expected in zip(settings, case["expected"][kind], strict=True):
            found = density.densities(given["s"], given["n"], kind)
            kept = [given["N"] - density.removed_by_threshold(given["N"], s_e) for s_e in found]
            c.close({"s_e": found, "kept": kept}, expected, case["tolerance"])


def test_compression_exponent_trap():
    case = CASES["compression-exponent-trap"]
    given, expected = case["inputs"], case["expected"]
    for name, total in given["prunable"].items():
        flags = []
        for flag in given["flags"]:
            left = density.of_exponent(float(flag))
            k = density.removed_by_threshold(total, left)
            flags.append({"flag": flag, "s": left, "k": k, "kept": total - k})
        c.close(flags, as_floats(expected["flag_as_exponent"][name]), case["tolerance"])
        ratios = []
        for ratio in given["ratios"]:
            left = density.of_ratio(ratio)
            kept = total - density.removed_exactly(total, left)
            exponent = torch.tensor(1 / left, dtype=torch.float64).log10().item()
            ratios.append({"ratio": ratio, "exponent": exponent, "s": left, "kept_corrected": kept})
        c.close(ratios, as_floats(expected["plain_ratio"][name]), case["tolerance"])


def as_floats(rows):
    return [{k: float(v) if k in ("s", "exponent") else v for k, v in row.items()} for row in rows]


def test_multishot_levels():
    case = CASES["multishot-levels"]
    rows = [
        {"compression": x, "levels": n, "s_l": density.densities(density.of_exponent(x), n)}
        for x in case["inputs"]["compressions"]
        for n in case["inputs"]["levels"]
    ]
    nested = [density.densities(left, 3) for left in density.densities(0.1, 2)]
    found = {"levels": rows, "nested_compression1_levels2_iterations3": nested}
    c.close(found, case["expected"], case["tolerance"])


@pytest.mark.parametrize("scope", ["global", "local"])
def test_masks_without_ties(scope):
    """Without ties the two rules differ only where the last bit of ``(1 - s) n`` decides (0.1 * 20 is below 2)."""
    case = CASES["mask-no-ties"]
    scores, sizes = scores_of(case["inputs"]["scores"])
    per_s = case["expected"][scope]["per_s"]
    for left, expected in zip(case["inputs"]["s"], per_s, strict=True):
        found = keep(scores, all_live(scores), sizes, left, rule="threshold", scope=scope)
        assert cut(found, sizes) == expected["masks"]
        exact = keep(scores, all_live(scores), sizes, left, rule="exact", scope=scope)
        assert bool((exact <= found).all())
        totals = [len(scores)] if scope == "global" else sizes
        ks = [density.removed_by_threshold(n, left) for n in totals]
        assert (ks[0] if scope == "global" else ks) == expected["k"]
        if scope == "global" and ks[0]:
            assert float(threshold(scores, ks[0])) == pytest.approx(expected["tau"], rel=1e-9)


@pytest.mark.parametrize("scope", ["global", "local"])
def test_masks_with_ties(scope):
    case = CASES["mask-ties"]
    scores, sizes = scores_of(case["inputs"]["scores"])
    for left, expected in zip(case["inputs"]["s"], case["expected"][scope]["per_s"], strict=True):
        original = keep(scores, all_live(scores), sizes, left, rule="threshold", scope=scope)
        corrected = keep(scores, all_live(scores), sizes, left, rule="exact", scope=scope)
        assert cut(original, sizes) == expected["original_masks"]
        assert cut(corrected, sizes) == expected["corrected_masks"]
        assert (int(original.sum()), int(corrected.sum())) == (expected["original_kept"], expected["corrected_kept"])


def test_mask_edge_cases():
    case = CASES["mask-edge-cases"]
    for item, expected in zip(case["inputs"]["items"], case["expected"]["masks"], strict=True):
        scores = s.value(item["scores"])
        before = s.value(item["previous_mask"]) != 0 if "previous_mask" in item else all_live(scores)
        choose = exactly if item.get("variant") == "corrected" else above_threshold
        assert choose(scores, before, item["s"]).int().tolist() == expected, item["name"]
        assert density.removed_by_threshold(len(scores), item["s"]) == item["k"]


def test_invert():
    case = CASES["invert"]
    scores, sizes = scores_of(case["inputs"]["scores"])
    original = inverted(scores, "threshold")
    for part, expected in zip(original.split(sizes), case["expected"]["inverted_scores"], strict=True):
        torch.testing.assert_close(part, s.value(expected), rtol=1e-9, atol=0, equal_nan=True)
    for rule, key in (("threshold", "original"), ("exact", "corrected")):
        for expected in case["expected"][key]:
            found = keep(inverted(scores, rule), all_live(scores), sizes, expected["s"], rule=rule)
            assert cut(found, sizes) == expected["masks"]


def test_published_normalize_score():
    case = CASES["published-normalize-score"]
    scores, sizes = scores_of(case["inputs"]["scores_abs_of"])
    found = standardised(scores.abs(), sizes)
    for part, expected in zip(found.split(sizes), case["expected"]["z_scores"], strict=True):
        s.tensor_close(part, expected, case["tolerance"])
    for expected in case["expected"]["per_s"]:
        live = keep(found, all_live(scores), sizes, expected["s"], rule="threshold")
        assert cut(live, sizes) == expected["masks"]


def test_final_count_check():
    case = CASES["final-count-check"]
    found = [density.count_is_off(*row) for row in case["inputs"]["remaining_total_s"]]
    assert found == case["expected"]["aborts"]


def test_kept_counts_global():
    case = CASES["kept-counts-global"]
    for name, total in case["inputs"]["prunable"].items():
        exponents = case["inputs"]["exponents"]
        removed = [density.removed_by_threshold(total, density.of_exponent(x)) for x in exponents]
        assert [total - k for k in removed] == case["expected"]["kept"][name]
        exact = [density.removed_exactly(total, density.of_exponent(x)) for x in exponents]
        assert max(abs(a - b) for a, b in zip(removed, exact, strict=True)) <= 1


def test_kept_counts_local():
    case = CASES["kept-counts-local"]
    for name, sizes in case["inputs"]["prunable_sizes"].items():
        for expected in case["expected"]["per_network"][name]:
            left = density.of_exponent(expected["c"])
            kept = [n - density.removed_by_threshold(n, left) for n in sizes]
            assert (kept, sum(kept)) == (expected["kept_per_tensor"], expected["total"])
            assert density.count_is_off(sum(kept), sum(sizes), left) is expected["head_aborts"]
