"""The paper's own component: what no other paper uses."""

from __future__ import annotations

COMPONENTS = {"deep-rewiring": "papers.dsr.deep_rewiring:DeepRewiring"}
