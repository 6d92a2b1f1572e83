"""The paper as the product sees it: what it offers under which names."""

from __future__ import annotations

from papers.synflow import CITATION, TITLE, scales
from papers.synflow.build import build
from papers.synflow.claims import tables
from papers.synflow.options import OPTIONS
from papers.synflow.protocols import experiments
from papers.synflow.sentences import SENTENCES
from shared.lazy import Lazy
from shared.outside import Entry
from shared.paper import Paper

HERE = "papers.synflow.components"
paper = Paper(
    name="synflow",
    title=TITLE,
    citation=CITATION,
    experiments=Lazy(experiments),
    tables=Lazy(tables),
    options=OPTIONS,
    build=build,
    components={
        "stored-weights": f"{HERE}:StoredWeights",
        "repeat-updates": f"{HERE}:RepeatUpdates",
        "keep-gradients": f"{HERE}:KeepGradients",
        "seed-dropout": f"{HERE}:SeedDropout",
        "keep-initial": f"{HERE}:keep_initial",
        "restore-initial": f"{HERE}:restore_initial",
    },
    entries=(
        Entry(
            "score",
            method="rand",
            component="score-and-prune",
            words="once, before training, and as many weights as random pruning keeps are kept",
        ),
    ),
    scales={"demo": scales.demo, "reduced": scales.reduced, "paper": scales.paper},
    sentences=SENTENCES,
    variants={
        "published": "the code of June 2020 behind every figure: repeated updates, inverted GraSP, ties all go",
        "head": "the last released code: masks recomputed from scratch, GraSP's sign mended, levels partly reset",
        "assignment": "the course's copy of it: levels are not rewound, magnitude prunes trained weights",
        "corrected": "what is meant: exact counts, locked masks, float64 scores, one scoring sample; the default",
    },
    scale_notes=scales.SCALE_NOTES,
    appendix="papers.synflow.appendix:appendix",
    afterwards="papers.synflow.inference:after",
)
