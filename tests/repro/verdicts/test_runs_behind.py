"""Why each test uses another level than 5 %: looks, two runs on a side, or both."""

from repro.verdicts.calibration import level_for
from repro.verdicts.runs_behind import level_flags


def test_the_reasons_of_a_level_are_those_that_lower_it():
    assert level_flags(1, level_for(3, 3)) == []
    assert level_flags(2, level_for(3, 3, 2)) == [
        "Seeds were added once, so that each test uses a level of 0.0294 instead of 0.05."
    ]
    (both,) = level_flags(2, level_for(2, 3, 2))
    assert both.startswith("Seeds were added once and a side has only two runs, so that each test uses a level of 0.0")
    (two,) = level_flags(1, level_for(2, 3))
    assert "only two runs on a side" in two
    assert "added" not in two
