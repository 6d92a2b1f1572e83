"""The paper as the product sees it: what it offers under which names."""

from __future__ import annotations

from papers.dsr import CITATION, TITLE, scales
from papers.dsr.build import build
from papers.dsr.claims import tables
from papers.dsr.components import COMPONENTS
from papers.dsr.options import OPTIONS
from papers.dsr.protocols import experiments
from papers.dsr.sentences import sentences
from shared.lazy import Lazy
from shared.outside import Entry
from shared.paper import Paper

paper = Paper(
    name="dsr",
    title=TITLE,
    citation=CITATION,
    experiments=Lazy(experiments),
    tables=Lazy(tables),
    options=OPTIONS,
    build=build,
    components=COMPONENTS,
    entries=(
        Entry(
            "score",
            method="static",
            component="sparse-init",
            words="once, before training, and as many weights as static sparse training keeps are kept",
        ),
    ),
    scales={"demo": scales.demo, "reduced": scales.reduced, "paper": scales.paper},
    sentences=sentences(),
    variants={
        "published": "what produced the numbers: rounding of grown weights, DeepR's stale signs and all",
        "published-iclr": "the earlier code and lists: fractions without an extra weight, no guard for emptied tensors",
        "corrected": "exact conservation and fractions, the largest weight spared, DeepR with fixed signs",
    },
    scale_notes=scales.SCALE_NOTES,
    appendix="papers.dsr.appendix:appendix",
)
