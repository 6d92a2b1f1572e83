"""Numbers and units as they appear in the sentences of a verdict."""

from __future__ import annotations

from shared.claims import Value


def num(value: float) -> str:
    """Two decimals for ordinary numbers, more for small ones, none from a thousand on."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value == 0 or abs(value) >= 0.05 else f"{value:.2g}"


def signed(value: float) -> str:
    """A number with its sign."""
    return ("+" if value > 0 else "") + num(value)


def span(low: float, high: float) -> str:
    """An interval."""
    return f"[{num(low)}, {num(high)}]"


def p_text(p: float) -> str:
    """A p-value: ``p = 0.012``, or ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def unit_of(claim: Value) -> str:
    """The unit of a difference in the claim's metric, with a leading space; percent differ by points."""
    return " points" if claim.unit == "percent" else f" ({claim.unit})" if claim.unit else ""


def runs(n: int) -> str:
    """``1 run``, ``3 runs``."""
    return f"{n} run" if n == 1 else f"{n} runs"
