"""How figures look and how they become SVG: one colour-blind-safe palette, no dates, the same bytes every time."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

INK, GRID = "#1b1f24", "#d3d7dc"
PALETTE = ("#0067a5", "#c8500a", "#00805e", "#a64d86", "#b07800", "#4a9fd0", "#6b6f76", "#8b3a1f")
"""After Okabe and Ito, darkened for text-like contrast on white; the page swaps them for lighter ones on black."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))

_RC: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pruning-repro",
    "pdf.fonttype": 42,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,
    "axes.titlesize": 9.5,
    "legend.fontsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "path.simplify_threshold": 0.3,
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with our settings, whatever the user's matplotlibrc says."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield


def colour(i: int) -> str:
    """The colour of the i-th series."""
    return PALETTE[i % len(PALETTE)]


def file(figure: Any, kind: str) -> bytes:
    """A figure as an SVG or PDF file on white, without dates."""
    out = io.BytesIO()
    no_dates = {"Date": None, "Creator": None} if kind == "svg" else {"CreationDate": None, "Producer": None}
    with drawing():
        figure.savefig(out, format=kind, facecolor="white", metadata=no_dates)
    return out.getvalue()


def inline(figure: Any, name: str, alt: str) -> str:
    """A figure as an SVG element for the page: its colours follow the page's, its ids are its own.

    Args:
        figure: a matplotlib figure.
        name: prefix of every id in it, unique on the page.
        alt: what it shows, for those who do not see it.
    """
    out = io.BytesIO()
    with drawing():
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue().decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = svg.replace(INK, "currentColor").replace(GRID, "var(--grid)")
    for i, hexadecimal in enumerate(PALETTE):
        svg = svg.replace(hexadecimal, f"var(--c{i})")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    head, rest = svg.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{escape(alt, quote=True)}">{rest.rstrip()}'
