"""A paper's sentences judged on the published numbers; no run is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from repro.verdicts.cells import Cell, Key, leaves, published_cells
from repro.verdicts.chance import at_chance, chance_interval
from repro.verdicts.compound import judge_compound
from repro.verdicts.equivalence import minimum_effect, tost
from repro.verdicts.exact import judge_exact
from repro.verdicts.multiplicity import holm
from repro.verdicts.noise_floor import evaluated_images
from repro.verdicts.steadier import compare, left_out
from repro.verdicts.trend import smallest_p, spearman
from repro.verdicts.verdict import POSITIVE, Label, Verdict
from repro.verdicts.welch import interval, standard_error, two_sided_p, upper_p
from repro.verdicts.wording import num, p_text, runs, signed, span
from shared.claims import Claim, Collapse, Compound, Exact, Ordering, Steadier, Trend, Value
from shared.paper import Paper
from shared.protocol import Protocol

LEVEL = 0.05


def judge_published(paper: Paper) -> list[Verdict]:
    """Judge every ordering, trend, collapse and compound of a paper on its published numbers.

    Two-sided Welch tests at 5 % from per-seed values where they are known, else from means, spreads and numbers of
    runs. Labels: SUPPORTED, CONTRADICTED (the significant opposite), NOT SIGNIFICANT, INCONCLUSIVE (no spread to judge
    by), NOT TESTED (no number). ``p`` is of the test that carries the label, or of that for the claim where none does.
    A remark says where Holm's correction over the orderings of a table, or over those of the paper's sentences, changes
    the picture: on what is SUPPORTED or CONTRADICTED alone but not over all, and on a compound whose label rests on it.

    Returns:
        Verdicts with ``published=True`` in the order of the paper's sentences, then of its tables.
    """
    cells = published_cells(paper)
    claims = [*paper.sentences, *(c for t in paper.tables.values() for c in t.claims)]
    spoken = [c for c in claims if isinstance(c, Ordering | Trend | Collapse | Steadier | Compound)]
    single = {id(leaf): _leaf(leaf, paper, cells) for leaf in leaves(spoken)}
    for group in (paper.sentences, *(t.claims for t in paper.tables.values())):
        tested = [i for i in dict.fromkeys(id(c) for c in leaves(group)) if i in single and _is_test(single[i])]
        corrected = holm([single[i].p or 0.0 for i in tested])
        for i, p in zip(tested, corrected, strict=True):
            single[i] = _remark(single[i], p, len(tested))
    return [_assemble(claim, single) for claim in spoken]


def _is_test(verdict: Verdict) -> bool:
    return verdict.kind == "ordering" and verdict.p is not None


def _remark(verdict: Verdict, corrected: float, size: int) -> Verdict:
    verdict = replace(verdict, p_corrected=corrected)
    if not _lost(verdict):
        return verdict
    flag = f"One of {size} comparisons made together: after Holm's correction {p_text(corrected)}."
    return replace(verdict, flags=(*verdict.flags, flag))


def _lost(verdict: Verdict) -> bool:
    """Whether a test that is significant alone is not after the correction."""
    corrected = verdict.p_corrected
    return verdict.label in ("SUPPORTED", "CONTRADICTED") and corrected is not None and corrected > LEVEL


def _assemble(claim: Claim, single: Mapping[int, Verdict]) -> Verdict:
    if not isinstance(claim, Compound):
        return single[id(claim)]
    alone = judge_compound(claim, tuple(_assemble(p, single) for p in claim.parts), published=True)
    together = _after_correction(alone)
    if together.label == alone.label:
        return alone
    stand, fall = sum(p.label in POSITIVE for p in together.parts), sum(p.contradicted for p in together.parts)
    flag = (
        f"After Holm's correction over all comparisons made together, {stand} stand and {fall} fall, which would make "
        f"it {together.label}."
    )
    return replace(alone, flags=(*alone.flags, flag))


def _after_correction(verdict: Verdict) -> Verdict:
    """The verdict if only those parts stood or fell that do so after the correction."""
    if isinstance(verdict.claim, Compound):
        return judge_compound(verdict.claim, tuple(map(_after_correction, verdict.parts)), published=True)
    return replace(verdict, label="NOT SIGNIFICANT") if _lost(verdict) else verdict


def _leaf(claim: Claim, paper: Paper, cells: Mapping[Key, Cell]) -> Verdict:
    if isinstance(claim, Ordering):
        sides = zip((claim.better, claim.worse), claim.metrics, strict=True)
        a, b = (cells.get((*side, claim.which)) for side in sides)
        if a is None or b is None:
            return _missing(claim, [e for e, c in ((claim.better, a), (claim.worse, b)) if c is None])
        return _ordering(claim, a, b)
    if isinstance(claim, Trend):
        found = [cells.get((e, claim.metric, claim.which)) for e in claim.experiments]
        there = [c for c in found if c is not None]
        if len(there) < len(found):
            return _missing(claim, [e for e, c in zip(claim.experiments, found, strict=True) if c is None])
        return _trend(claim, there)
    if isinstance(claim, Steadier):
        return _steadier(claim, cells, paper)
    if isinstance(claim, Collapse):
        cell = cells.get((claim.experiment, claim.metric, "last"))
        data = paper.experiments[claim.experiment].protocol(0).data
        images = evaluated_images(data)
        if cell is None or images is None:
            return _missing(claim, [claim.experiment])
        return _collapse(claim, cell, images, data.name)
    if isinstance(claim, Exact):
        return replace(judge_exact(claim), published=True)
    assert isinstance(claim, Value)
    reason = f"The published number itself: {num(claim.value)}."
    return _verdict(claim, "SUPPORTED", reason, n=claim.n or 0, mean=claim.value, sd=claim.sd)


def _verdict(claim: Claim, label: Label, reason: str, **more: object) -> Verdict:
    more |= {"gating": getattr(claim, "gating", True)}
    return Verdict(claim=claim, label=label, reason=reason, published=True, **more)  # type: ignore[arg-type]


def _missing(claim: Claim, experiments: list[str]) -> Verdict:
    return _verdict(claim, "NOT TESTED", f"No usable number was published for {', '.join(experiments)}.")


def _several(cell: Cell) -> bool:
    return cell.sd is not None and cell.n is not None and cell.n > 1


def _ordering(claim: Ordering, a: Cell, b: Cell) -> Verdict:
    d = a.mean - b.mean
    if not (_several(a) and _several(b)):
        return _one_sided_knowledge(claim, a, b, d)
    s1, n1, s2, n2 = a.sd or 0.0, a.n or 0, b.sd or 0.0, b.n or 0
    if claim.paired and len(a.runs) == len(b.runs) > 1:
        gaps = np.subtract(a.runs, b.runs)
        se, df = float(gaps.std(ddof=1) / len(gaps) ** 0.5), len(gaps) - 1.0
    else:
        se, df = (float(x) for x in standard_error(s1, n1, s2, n2))
    low, high = (float(x) for x in interval(d, se, df, LEVEL / 2 if claim.within is None else LEVEL))
    sides = f"{num(a.mean)} +- {num(s1)} (n = {n1}) against {num(b.mean)} +- {num(s2)} (n = {n2})"
    if claim.within is not None:
        p = float(max(tost(d, se, df, claim.within)))
        against = float(min(minimum_effect(d, se, df, claim.within)))
        label: Label = "SUPPORTED" if p <= LEVEL else "CONTRADICTED" if against <= LEVEL else "NOT SIGNIFICANT"
        p = against if label == "CONTRADICTED" else p
        reason = (
            f"{sides}: difference {signed(d)}, 90 % interval {span(low, high)}, to lie within +-{num(claim.within)}."
        )
    else:
        if se == 0:
            return _verdict(claim, "INCONCLUSIVE", f"{sides}: no spread on either side to judge by.", mean=d)
        p = float(two_sided_p(d - claim.by, se, df))
        label = "NOT SIGNIFICANT" if p > LEVEL else "SUPPORTED" if d > claim.by else "CONTRADICTED"
        t = (d - claim.by) / se
        by = f" (claimed: at least {num(claim.by)})" if claim.by else ""
        reason = f"{sides}: difference {signed(d)}{by}, t = {t:.2f}, df = {df:.2f}, two-sided {p_text(p)}."
    level = LEVEL if claim.within is not None else LEVEL / 2
    return _verdict(claim, label, reason, n=min(n1, n2), mean=d, interval=(low, high), p=p, level=level)


def _one_sided_knowledge(claim: Ordering, a: Cell, b: Cell, d: float) -> Verdict:
    """One side is a single run or has no spread: a number without a spread shows nothing on its own."""
    n = ", ".join(runs(c.n) if c.n else "an unknown number of runs" for c in (a, b))
    direction = "agrees with" if d > claim.by else "goes against"
    if claim.within is not None:
        direction = "agrees with" if abs(d) <= claim.within else "goes against"
    reason = (
        f"{num(a.mean)} against {num(b.mean)} ({n}): the difference {signed(d)} {direction} the sentence, but without "
        f"a spread of both sides it cannot be told from chance."
    )
    return _verdict(claim, "INCONCLUSIVE", reason, n=min(a.n or 0, b.n or 0), mean=d)


def _trend(claim: Trend, cells: list[Cell]) -> Verdict:
    sign = 1 if claim.direction == "increasing" else -1
    if all(len(c.runs) > 0 for c in cells):
        sizes = [len(c.runs) for c in cells]
        groups = np.repeat(np.arange(len(cells)), sizes)
        rho, up, down = spearman(groups, sign * np.concatenate([c.runs for c in cells]))
        if smallest_p(sizes) > LEVEL:
            return _verdict(claim, "INCONCLUSIVE", "Too few published runs for any rank trend.", mean=rho)
        label: Label = "SUPPORTED" if up <= LEVEL else "CONTRADICTED" if down <= LEVEL else "NOT SIGNIFICANT"
        reason = f"Spearman's rank correlation over {sum(sizes)} published runs {rho:+.2f}, {p_text(min(up, down))}."
        return _verdict(claim, label, reason, n=min(sizes), mean=rho, p=down if label == "CONTRADICTED" else up)
    if not all(_several(c) for c in cells):
        means = ", ".join(num(c.mean) for c in cells)
        reason = f"Published means {means}, without the spread to judge a trend by."
        slope = sign * float(_positions(cells) @ [c.mean for c in cells])
        return _verdict(claim, "INCONCLUSIVE", reason, mean=slope)
    return _contrast(claim, cells, sign)


def _steadier(claim: Steadier, cells: Mapping[Key, Cell], paper: Paper) -> Verdict:
    sides = [(e, cells.get((e, claim.metric, claim.which))) for pair in claim.pairs for e in pair]
    if unknown := [e for e, cell in sides if cell is None or cell.sd is None]:
        return _missing(claim, unknown)
    found = [(e, cell) for e, cell in sides if cell is not None]
    dead = [_is_dead(cell, paper.experiments[e].protocol(0)) for e, cell in found]
    pairs = [(found[i][1], found[i + 1][1], dead[i] or dead[i + 1]) for i in range(0, len(found), 2)]
    alike = [(a.sd or 0.0, b.sd or 0.0) for a, b, gone in pairs if not gone and a.n == b.n]
    left = left_out(sum(gone for *_, gone in pairs), sum(a.n != b.n for a, b, gone in pairs if not gone))
    label, reason, gap, p_for, p_against = compare(alike, LEVEL, left)
    label = "NOT SIGNIFICANT" if label == "INCONCLUSIVE" and 2.0 ** -len(alike) <= LEVEL else label
    return _verdict(claim, label, reason, mean=gap, p=p_against if label == "CONTRADICTED" else p_for)


def _is_dead(cell: Cell, protocol: Protocol) -> bool:
    """Whether all published runs of a cell are at chance, as far as its mean and spread tell."""
    images = evaluated_images(protocol.data)
    if images is None:
        return False
    low, high = chance_interval(images, 1 / protocol.model.classes, protocol.data.name)
    return low <= round(cell.mean * images / 100) <= high and not _may_hide(cell, (low, high), images, True)


def _contrast(claim: Trend, cells: list[Cell], sign: int) -> Verdict:
    """Linear contrast of the means along the order, with Satterthwaite's degrees of freedom."""
    c = sign * _positions(cells)
    variances = np.array([(x.sd or 0.0) ** 2 / (x.n or 1) for x in cells]) * c**2
    slope, total = float(c @ [x.mean for x in cells]), float(variances.sum())
    if total == 0:
        return _verdict(claim, "INCONCLUSIVE", "No spread in any published cell to judge a trend by.", mean=slope)
    df = total**2 / float((variances**2 / np.array([(x.n or 2) - 1 for x in cells])).sum())
    p_up, p_down = float(upper_p(slope, total**0.5, df)), float(upper_p(-slope, total**0.5, df))
    label: Label = "SUPPORTED" if p_up <= LEVEL else "CONTRADICTED" if p_down <= LEVEL else "NOT SIGNIFICANT"
    t = slope / total**0.5
    reason = (
        f"Linear trend over the published means: t = {t:.2f}, df = {df:.2f}, one-sided {p_text(min(p_up, p_down))}."
    )
    p = p_down if label == "CONTRADICTED" else p_up
    return _verdict(claim, label, reason, n=min(x.n or 0 for x in cells), mean=slope, p=p)


def _positions(cells: list[Cell]) -> NDArray[np.float64]:
    """Places along the order, around 0."""
    return np.arange(len(cells), dtype=np.float64) - (len(cells) - 1) / 2


def _collapse(claim: Collapse, cell: Cell, images: int, data: str) -> Verdict:
    if cell.runs:
        dead = [at_chance(round(r * images / 100), images, claim.chance, data) for r in cell.runs]
        text = f"{sum(dead)} of {len(dead)} published runs are at chance"
    else:
        dead = [at_chance(round(cell.mean * images / 100), images, claim.chance, data)]
        text = f"The published mean {num(cell.mean)} is {'' if dead[0] else 'not '}at chance"
        if cell.n != 1 and (hidden := _may_hide(cell, chance_interval(images, claim.chance, data), images, dead[0])):
            return _verdict(claim, "INCONCLUSIVE", f"{text}, but single runs may differ: {hidden}.", mean=cell.mean)
    stands, falls = (all(dead), not any(dead)) if claim.collapsed else (not any(dead), all(dead))
    label: Label = "SUPPORTED" if stands else "CONTRADICTED" if falls else "INCONCLUSIVE"
    return _verdict(claim, label, text + ".", n=cell.n or 0, mean=cell.mean, sd=cell.sd)


def _may_hide(cell: Cell, chance: tuple[int, int], images: int, dead: bool) -> str:
    """Why the mean does not speak for every run; empty if it does."""
    if cell.sd is None or cell.n is None:
        return "their spread is not published"
    low, high = (100 * k / images for k in chance)
    # at chance, runs spread as counts do; above it, one collapsed run among n would force at least the second bound
    limit = (high - low) / 2 if dead else (cell.mean - high) / cell.n**0.5
    return f"their spread is {num(cell.sd)}" if cell.sd > limit else ""
