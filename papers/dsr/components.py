"""The paper's own components: what no other paper uses."""

from __future__ import annotations

COMPONENTS = {
    "deep-rewiring": "papers.dsr.deep_rewiring:DeepRewiring",
    "rigl": "papers.dsr.gradient_growth:RigL",
}
