"""The paper as the product sees it: what it offers under which names."""

from __future__ import annotations

from papers.flipout import CITATION, TITLE, scales
from papers.flipout.build import build
from papers.flipout.claims import tables
from papers.flipout.options import OPTIONS
from papers.flipout.protocols import experiments
from papers.flipout.sentences import SENTENCES
from shared.lazy import Lazy
from shared.outside import Entry
from shared.paper import Paper

paper = Paper(
    name="flipout",
    title=TITLE,
    citation=CITATION,
    experiments=Lazy(experiments),
    tables=Lazy(tables),
    options=OPTIONS,
    build=build,
    components={
        "count-flips": "papers.flipout.components:CountFlips",
        "prune": "papers.flipout.components:prune",
    },
    entries=(
        Entry(
            "score",
            method="global-magnitude",
            component="prune",
            words="after every pruning interval, and the half of the live weights that it gives the lowest scores goes",
        ),
    ),
    scales={"demo": scales.demo, "reduced": scales.reduced, "paper": scales.paper},
    sentences=SENTENCES,
    variants={
        "published": "what produced the numbers: the authors' code with its bugs, pruning counts and SNIP included",
        "corrected": "what the text says: exact counts from masks, abs(w)^p, SNIP with cross-entropy and real weights",
    },
    scale_notes=scales.SCALE_NOTES,
)
