"""The sheet's small examples of growth and dropping, number by number (sections 7.4 to 7.7); 1 where all agree."""

from __future__ import annotations


def rounding() -> float:
    """Shares rounded half to even, the remainder to the tensor drawn first; one case decides by the last bit (7.4)."""
    from shared.sparsity.growth import proportional_published

    cases = (
        ((80, 15, 5), (20, 10, 0), [24, 4, 2]),
        ((2063, 410, 189), (600, 0, 0), [465, 92, 43]),
        ((400, 4000, 40000), (600, 2400, 3000), [54, 541, 5405]),
        ((1, 30, 27), (0, 7, 22), [0, 15, 14]),  # the exact half becomes 1, and the first tensor gives it back
        ((1, 1, 1, 1, 1), (3, 0, 0, 0, 0), [0, 1, 1, 1, 1]),  # 4 grown for 3: an overshoot
        ((1, 1, 1, 1, 1), (2, 0, 0, 0, 0), [2, 0, 0, 0, 0]),
    )
    return float(all(proportional_published(r, k, (10**6,) * len(r), lambda: 0)[0][1] == g for r, k, g in cases))


def largest_remainders() -> float:
    """The corrected rule gives exactly 3 of five equal tensors one each, the lowest index first (7.4)."""
    from shared.sparsity.growth import proportional_exact

    return float(proportional_exact((1, 1, 1, 1, 1), 3, (9,) * 5) == [1, 1, 1, 0, 0])


def dropping() -> float:
    """By fraction indices 7, 3 and 1, or one fewer in the earlier code (7.5); by threshold one unit is spared (7.4)."""
    import torch

    from shared.sparsity.reallocation import below_threshold, fraction_count, smallest

    w = torch.tensor([0.5, -0.1, 0.3, -0.05, 0.2, 0.9, -0.7, 0.01, 0.4, -0.6]).abs()
    live = torch.ones(10, dtype=torch.bool)
    dropped = smallest(w, live, fraction_count(10, 0.25)).nonzero().reshape(-1).tolist()
    spared = torch.tensor([0.1, 0.2, 0.3, 0.05, 0.0, 0.01])
    kept = ~below_threshold(spared, torch.ones(6, dtype=torch.bool), 1.0)
    return float(
        dropped == [1, 3, 7] and fraction_count(10, 0.25, 0) == 2 and kept.nonzero().reshape(-1).tolist() == [0]
    )


def signs() -> float:
    """DeepR: of w = (.3, -.2, .7, -.9) with stored signs (+, +, 0, 0) only the second has turned (7.7)."""
    import torch

    from papers.dsr.deep_rewiring import turned

    w, stored = torch.tensor([0.3, -0.2, 0.7, -0.9]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    return float(turned(w, stored).tolist() == [False, True, False, False])
