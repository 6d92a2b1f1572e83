"""Dynamic sparse reparameterisation (Mostafa and Wang, 2019): move weights between layers while training."""

from __future__ import annotations

from papers.dsr import scales
from papers.dsr.build import build
from papers.dsr.claims import tables
from papers.dsr.components import COMPONENTS
from papers.dsr.options import OPTIONS
from papers.dsr.protocols import experiments
from papers.dsr.sentences import sentences
from shared.lazy import Lazy
from shared.paper import Paper

paper = Paper(
    name="dsr",
    title="Parameter efficient training of deep convolutional neural networks by dynamic sparse reparameterization",
    citation="H. Mostafa, X. Wang, ICML 2019, arXiv 1902.05967",
    experiments=Lazy(experiments),
    tables=Lazy(tables),
    options=OPTIONS,
    build=build,
    components=COMPONENTS,
    scales={"demo": scales.demo, "reduced": scales.reduced, "paper": scales.paper},
    sentences=sentences(),
    variants={
        "published": "what produced the numbers: rounding of grown weights, DeepR's stale signs and all",
        "published-iclr": "the earlier code: fractions without the extra weight, no guard against emptied tensors",
        "corrected": "exact conservation within capacity, the largest weight spared, DeepR with fixed signs",
    },
    scale_notes=scales.SCALE_NOTES,
)
