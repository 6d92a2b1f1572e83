"""The paper as the product sees it: what it offers under which names."""

from __future__ import annotations

from papers.hoyer import CITATION, TITLE, scales
from papers.hoyer.build import build
from papers.hoyer.claims import tables
from papers.hoyer.options import OPTIONS
from papers.hoyer.protocols import experiments
from shared.lazy import Lazy
from shared.outside import Entry
from shared.paper import Paper

paper = Paper(
    name="hoyer",
    title=TITLE,
    citation=CITATION,
    experiments=Lazy(experiments),
    tables=Lazy(tables),
    options=OPTIONS,
    build=build,
    entries=(
        Entry(
            "score",
            method="none",
            component="prune-by-threshold",
            words="once, after training without a regulariser and before finetuning",
        ),
        Entry(
            "penalty",
            method="none",
            component="regularise",
            words="in every step of training; one threshold then cuts all tensors to the same number of weights",
        ),
    ),
    scales={"demo": scales.demo, "reduced": scales.reduced, "paper": scales.paper},
    variants={
        "published": "the authors' scripts: biases regularised and pruned, groups as coded, zeros are their own mask",
        "corrected": "weights only, true channels and filters, zero groups skipped, explicit masks",
        "reconstructed": "AlexNet on ImageNet, element-wise: no code of the authors exists",
    },
    scale_notes=scales.SCALE_NOTES,
    appendix="papers.hoyer.appendix:appendix",
)
