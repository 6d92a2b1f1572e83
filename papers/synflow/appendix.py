"""What this paper's report shows beside the general figures: the assignment, and the theory on a network of its own."""

from __future__ import annotations

from collections.abc import Collection

from shared.appendix import Appendix, Evidence


def appendix(evidence: Evidence, tables: Collection[str]) -> Appendix:
    """The parts that belong to the tables of the report."""
    from papers.synflow import assignment, exhibits, patterns

    parts = Appendix()
    if assignment.TABLE in tables:
        parts = Appendix(
            tuple(assignment.charts(evidence)), tuple(assignment.grids(evidence)), tuple(patterns.findings(evidence))
        )
    if "theory" in tables:
        theory = exhibits.exhibits()
        parts = Appendix(
            (*parts.charts, *theory.charts), (*parts.grids, *theory.grids), (*parts.findings, *theory.findings)
        )
    return parts
