"""The paper as the product sees it: what it offers under which names."""

from __future__ import annotations

from papers.random_tickets import CITATION, TITLE, scales
from papers.random_tickets.build import build
from papers.random_tickets.claims import tables
from papers.random_tickets.options import OPTIONS
from papers.random_tickets.protocols import experiments
from papers.random_tickets.sentences import SENTENCES
from shared.lazy import Lazy
from shared.outside import Entry
from shared.paper import Paper

HERE = "papers.random_tickets.components"
paper = Paper(
    name="random_tickets",
    title=TITLE,
    citation=CITATION,
    experiments=Lazy(experiments),
    tables=Lazy(tables),
    options=OPTIONS,
    build=build,
    components={
        "random-ticket": f"{HERE}:random_ticket",
        "hybrid-ticket": f"{HERE}:hybrid_ticket",
        "snip-balanced": f"{HERE}:snip",
        "grasp-balanced": f"{HERE}:grasp",
    },
    entries=(
        Entry(
            "score",
            method="snip",
            component="snip-balanced",
            words="once, before training, and as many weights as SNIP keeps are kept",
        ),
    ),
    scales={"demo": scales.demo, "reduced": scales.reduced, "paper": scales.paper},
    sentences=SENTENCES,
    variants={
        "published": "the authors' code with its bugs, which made the paper's tables",
        "answer42": "the reproduction's code: another depth in the formula, other networks, batches and decay",
        "corrected": "what the text says, with exact counts; the default of new runs",
    },
    scale_notes=scales.SCALE_NOTES,
)
