"""What the report of this paper shows beside the general figures: how weights move, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection

from papers.dsr import connection, findings, moves, parameters, trajectories
from shared.appendix import Appendix, Evidence


def appendix(evidence: Evidence, tables: Collection[str]) -> Appendix:
    """Figures, tables and findings of the experiments that were run; published points of the tables that are shown."""
    return Appendix(
        charts=(*parameters.charts(evidence, tables), *trajectories.charts(evidence)),
        grids=(*moves.grids(evidence), *connection.grids(evidence)),
        findings=tuple(findings.findings(evidence)),
    )
