"""What DeepHoyer's report shows beside the verdicts: fronts, scale, dead coordinates, smaller networks, layers."""

from __future__ import annotations

from collections.abc import Collection

from papers.hoyer.appendix import chosen, fronts, layers, level, scale, sizes, smaller
from papers.hoyer.appendix.shown import shown
from shared.appendix import Appendix, Evidence


def appendix(evidence: Evidence, tables: Collection[str]) -> Appendix:
    """Figures, tables and findings from runs of the ``published`` variant, and the epochs that corrected runs choose.

    Args:
        evidence: runs by experiment.
        tables: ids of the tables in the report; a figure stands with its table.
    """
    found = shown(evidence)
    return Appendix(
        charts=(*fronts.charts(found, tables), *sizes.charts(found)),
        grids=(
            *level.grids(found),
            *scale.grids(found),
            *smaller.grids(found),
            *layers.grids(found),
            *chosen.grids(evidence),
        ),
        findings=(*level.findings(found), *fronts.findings(found), *scale.findings(found), *smaller.findings(found)),
    )
