"""What the FlipOut paper says in words, as claims that runs and the published numbers can be held against.

The table sentences are what each README table shows; ``SENTENCES`` are Q1 to Q13 of the sheet's section 9, those that
the published numbers contradict included. Judgements are not written down here: ``repro verify --published`` makes
them from claims.csv.
"""

from __future__ import annotations

from functools import partial

from papers.flipout import counts
from papers.flipout.names import spoken
from papers.flipout.settings import HOYER_LAMBDAS, SPARSITIES, STUDIED
from shared.claims import Claim, Collapse, Compound, Exact, Ordering, Steadier, Trend

ALL = tuple(STUDIED)
BEST_HOYER = {"vgg19": "hoyer-square-6e-5", "resnet18": "hoyer-square-1e-4", "densenet121": "hoyer-square-3e-4"}
"""Hoyer-Square of the README tables, at 99.89, 99.89 and 99.95 %."""
OTHER_SCALES = {"vgg19": ("0.8",), "resnet18": ("1.25",), "densenet121": ("0.75", "1.25")}
LABELS = tuple(s.label for s in SPARSITIES)
SENTENCE = "sentences"
BUDGET = 0.001
"""Weights that the README tables compare methods at: 99.89 to 99.95 % are removed."""


def _say(experiment: str) -> str:
    """``vgg19/flipout-noise0/99.9`` in words."""
    network, method, *at = experiment.split("/")
    return f"{spoken(method)} on {STUDIED[network]}" + (f" at {at[0]} %" if at else "")


def beats(id: str, better: str, worse: str, *, table: str = SENTENCE, source: str = "", by: float = 0.0) -> Ordering:
    """``better`` ends with a higher test accuracy than ``worse``; against Hoyer-Square, whose sparsity is an outcome,
    only where both sides keep about one weight in a thousand (traps T8 and T19)."""
    text = f"{_say(better)} is more accurate than {spoken(worse.split('/')[1])}"
    budget = BUDGET if "hoyer-square" in better + worse else None
    return Ordering(id=id, table=table, text=text, source=source, better=better, worse=worse, by=by, budget=budget)


def close(id: str, one: str, other: str, points: float, *, source: str = "") -> Ordering:
    """Two methods end within so many points of each other."""
    text = f"{_say(one)} is within {points:g} points of {spoken(other.split('/')[1])}"
    return Ordering(id=id, table=SENTENCE, text=text, source=source, better=one, worse=other, within=points)


def at_chance(id: str, experiment: str, *, table: str = SENTENCE, source: str = "", collapsed: bool = True) -> Collapse:
    """A network ends at chance (or does not)."""
    text = f"{_say(experiment)} {'is' if collapsed else 'is not'} at chance"
    return Collapse(id=id, table=table, text=text, source=source, experiment=experiment, collapsed=collapsed)


def of_table(name: str) -> list[Claim]:
    """The sentences that a README table shows: who wins, and who is at chance."""
    if name not in STUDIED:
        return []
    source = "README table (sheet 5.1)"
    ours, hoyer = f"{name}/flipout/99.9", f"{name}/{BEST_HOYER[name]}"
    rivals = [f"{name}/{method}/99.9" for method in ("global-magnitude", "random", "snip")]
    orders = [
        beats(f"{name}-flipout-beats-{rival.split('/')[1]}", ours, rival, table=name, source=source) for rival in rivals
    ]
    if name == "densenet121":  # the README sets Hoyer-Square in bold here
        orders.append(beats(f"{name}-hoyer-square-beats-flipout", hoyer, ours, table=name, source=source))
    else:
        orders.append(beats(f"{name}-flipout-beats-hoyer-square", ours, hoyer, table=name, source=source))
    at_chance_too = ("random", "snip") if name != "resnet18" else ("snip",)  # ResNet18 random: one of three escapes
    chance = [
        at_chance(f"{name}-{method}-collapses", f"{name}/{method}/99.9", table=name, source=source)
        for method in at_chance_too
    ]
    survives = at_chance(f"{name}-flipout-survives", ours, table=name, source=source, collapsed=False)
    return [*orders, *chance, survives]


def _state_of_the_art() -> Compound:
    """Q1."""
    source = "abstract"
    networks = []
    for network in ALL:
        parts: list[Claim] = []
        for label in ("99.61", "99.9"):
            rivals = [f"{network}/{m}/{label}" for m in ("global-magnitude", "random", "snip")]
            if label == "99.9":  # no Hoyer-Square run ended at 99.61 %
                rivals.append(f"{network}/{BEST_HOYER[network]}")
            parts += [
                beats(f"q1-{network}-{label}-{rival.split('/')[1]}", f"{network}/flipout/{label}", rival, source=source)
                for rival in rivals
            ]
        text = f"On {STUDIED[network]}, FlipOut is ahead of every baseline at 99.61 and 99.9 %"
        networks.append(_all(f"q1-{network}", text, source, *parts))
    return Compound(
        id="q1-state-of-the-art",
        table=SENTENCE,
        text="From 99.6 % sparsity on, FlipOut is the best method on at least two of the three networks",
        source=source,
        note="on DenseNet121 a Hoyer-Square run at a higher sparsity has the higher accuracy, in the README as well",
        parts=tuple(networks),
        at_least=2,
    )


def _all(id: str, text: str, source: str, *parts: Claim, note: str = "", provenance: str = "paper") -> Compound:
    """A sentence that stands when all its parts do."""
    return Compound(id=id, table=SENTENCE, text=text, source=source, note=note, provenance=provenance, parts=parts)


def _competitive() -> Compound:
    """Q2."""
    parts = [
        close(f"q2-{n}-{s}", f"{n}/flipout/{s}", f"{n}/global-magnitude/{s}", 1.0, source="abstract")
        for n in ALL
        for s in LABELS[:3]
    ]
    return _all(
        "q2-competitive",
        "At 75 to 98.44 % sparsity FlipOut keeps within one point of global magnitude",
        "abstract",
        *parts,
        note="the authors' means are below global magnitude in all nine cells",
    )


def _noise() -> Compound:
    """Q3."""
    parts = [beats(f"q3-{n}", f"{n}/flipout/99.9", f"{n}/flipout-noise0/99.9", source="ablation") for n in ALL]
    return _all("q3-noise-helps", "Gradient noise raises FlipOut's accuracy at 99.9 % sparsity", "ablation", *parts)


def _flips() -> tuple[Compound, Compound]:
    """Q4, Q5."""
    same = [
        beats(f"q4-{n}-{s}", f"{n}/flipout/{s}", f"{n}/global-magnitude-noise1/{s}", source="title and abstract")
        for n in ALL
        for s in LABELS[3:]
    ]
    alone = [beats(f"q5-{n}", f"{n}/flipout-noise0/99.9", f"{n}/global-magnitude/99.9", source="ablation") for n in ALL]
    return (
        _all(
            "q4-flips-under-equal-noise",
            "With the same noise, counting flips beats magnitude alone from 99.61 % on",
            "title and abstract",
            *same,
            note="the comparison that separates the criterion from the noise",
        ),
        _all("q5-flips-alone", "Without noise, FlipOut beats global magnitude at 99.9 %", "ablation", *alone),
    )


def _little_tuning() -> tuple[Compound, Compound]:
    """Q6, in two halves."""
    scales = [
        close(f"q6-{n}-{s}", f"{n}/flipout-noise{s}/99.9", f"{n}/flipout/99.9", 2.0, source="abstract")
        for n in ALL
        for s in OTHER_SCALES[n]
    ]
    powers = [beats(f"q6-p-{n}", f"{n}/flipout/99.9", f"{n}/flipout-p1/99.9", source="default p=2") for n in ALL]
    return (
        _all(
            "q6-little-tuning",
            "Other noise scales move the accuracy at 99.9 % by at most two points",
            "abstract",
            *scales,
        ),
        _all("q6-default-power", "At 99.9 % the default p=2 beats p=1", "default p=2", *powers),
    )


def _exact_sparsity() -> Compound:
    """Q7."""
    expected = {"vgg19": 19_555, "resnet18": 10_903, "densenet121": 6_720}  # claims.csv, count-*-remaining-pf32
    parts = [
        Exact(
            id=f"q7-{n}",
            table=SENTENCE,
            text=f"Ten halvings leave exactly {left:,} weights of {STUDIED[n]}",
            source="abstract",
            measure=partial(counts.remaining_periodic, n, SPARSITIES[-1].interval),
            value=left,
            kind="invariant",
        )
        for n, left in expected.items()
    ]
    return _all("q7-exact-sparsity", "FlipOut reaches the chosen sparsity exactly", "abstract", *parts)


def _collapse() -> tuple[Compound, Compound]:
    """Q8, Q9."""
    tables = [
        at_chance(f"q8-{n}-{m}", f"{n}/{m}/99.9", source="README tables") for n in ALL for m in ("random", "snip")
    ]
    figure = [
        at_chance("q9-vgg19", "vgg19/snip/98.44", source="figure"),
        at_chance("q9-resnet18", "resnet18/snip/99.61", source="figure", collapsed=False),
        at_chance("q9-densenet121", "densenet121/snip/99.61", source="figure", collapsed=False),
    ]
    return (
        _all("q8-baselines-collapse", "Random pruning and SNIP are at chance at 99.9 %", "README tables", *tables),
        _all(
            "q9-snip-collapses-early",
            "SNIP is at chance on VGG19 from 98.44 % on, and alive at 99.61 % on the other two",
            "figures (sheet 5.2)",
            *figure,
            note="of the published SNIP, whose scores come from re-drawn weights (trap T7)",
        ),
    )


def _untargeted() -> Compound:
    """Q10."""
    sweeps = {n: tuple(f"{n}/hoyer-square-{strength}" for strength in HOYER_LAMBDAS) for n in ALL}
    parts: list[Claim] = []
    for n, along in sweeps.items():
        words = f"along the strengths of Hoyer-Square on {STUDIED[n]}"
        parts += [
            Trend(
                id=f"q10-{n}-sparsity",
                table=SENTENCE,
                text=f"Sparsity rises {words}",
                source="README",
                experiments=along,
                metric="final_sparsity",
                direction="increasing",
            ),
            Trend(
                id=f"q10-{n}-accuracy",
                table=SENTENCE,
                text=f"Accuracy falls {words}",
                source="README",
                experiments=along,
            ),
        ]
    return _all(
        "q10-hoyer-cannot-target",
        "Hoyer-Square's sparsity is an outcome of its strength: it cannot be asked for",
        "README",
        *parts,
    )


def _spread() -> Steadier:
    """Q11: three cells, whose sides can change places in eight ways: no outcome is rarer than one in eight."""
    return Steadier(
        id="q11-low-variance",
        table=SENTENCE,
        text="FlipOut varies less between seeds than global magnitude at 99.9 %",
        source="README tables",
        note="as printed on all three networks (0.23 against 2.01, 0.12 and 0.45, 1.40 and 2.68): too few to decide",
        pairs=tuple((f"{n}/flipout/99.9", f"{n}/global-magnitude/99.9") for n in ALL),
    )


def _quantisation() -> Ordering:
    """Q12: no number was ever published. Both sides train the same network, seed by seed; one is then quantised."""
    return Ordering(
        id="q12-quantisation",
        table=SENTENCE,
        text="FlipOut combines with 8-bit quantisation at a loss of at most one point",
        source="abstract of the journal version",
        note="not checkable in print: no source gives a number, nor how small a loss was meant; one point is ours",
        better="vgg19/flipout/99.9",
        worse="vgg19/flipout-int8/99.9",
        worse_metric="int8_top1_accuracy",
        within=1.0,
        paired=True,
    )


def _dense_level() -> Compound:
    """Q13."""
    parts = [
        close(f"q13-{n}-{m}", f"{n}/{m}/93.75", f"{n}/unpruned", 0.5, source="figures")
        for n in ALL
        for m in ("global-magnitude", "snip")
    ]
    return _all(
        "q13-dense-level",
        "Up to 93.75 % sparsity SNIP and global magnitude are within half a point of the unpruned network",
        "figures",
        *parts,
    )


SENTENCES: tuple[Claim, ...] = (
    _state_of_the_art(),
    _competitive(),
    _noise(),
    *_flips(),
    *_little_tuning(),
    _exact_sparsity(),
    *_collapse(),
    _untargeted(),
    _spread(),
    _quantisation(),
    _dense_level(),
)
