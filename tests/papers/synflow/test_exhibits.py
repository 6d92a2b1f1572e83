"""The theory experiments compute what they say, on a network small enough for a test."""

import pytest
import torch

from papers.synflow import exhibits, theory
from papers.synflow.trained import squares
from papers.synflow.witness import witness
from shared.sparsity.density import largest_exponent


@pytest.fixture(scope="module")
def seen():
    return witness()


def numbers(text):
    """``SynFlow 1.000 ...`` by name."""
    words = [part.strip().split(" (")[0].rsplit(" ", 1) for part in text.split(": ", 1)[1].rstrip(".").split(", ")]
    return {name: float(value.removeprefix("10^")) for name, value in words}


def test_flow_is_conserved_by_units_and_layers_and_magnitude_is_not(seen):
    scores = seen.scores["synflow"]
    units = theory.unit_sums(scores)
    torch.testing.assert_close(units.into, units.out, rtol=1e-9, atol=0)
    chart, (text,) = exhibits.averages(seen)
    found = numbers(text)
    assert found["SynFlow"] == pytest.approx(1, abs=1e-3)
    assert found["Mag"] < 0.5
    (line,) = [x for x in chart.lines if x.label == "SynFlow"]
    ratios = [y / x for x, y in zip(line.x, line.y, strict=True)]
    assert max(ratios) == pytest.approx(min(ratios))


def test_figure_3_has_a_panel_for_each_pruner_and_a_point_for_each_unit(seen):
    chart, (text,) = exhibits.units(seen)
    assert [p.title for p in chart.panels] == ["Rand", "Mag", "SNIP", "GraSP", "SynFlow"]
    assert {len(p.lines[0].x) for p in chart.panels} == {len(theory.unit_sums(seen.scores["mag"]).into)}
    assert "SynFlow 1.0000" in text


def test_only_synflow_in_rounds_comes_near_the_maximal_compression(seen):
    chart, (text,) = exhibits.critical(seen)
    found = numbers(text)
    most = largest_exponent(sum(seen.sizes), len(seen.sizes))
    assert most - found["SynFlow in rounds"] < 0.2
    assert all(most - c > 0.5 for name, c in found.items() if name != "SynFlow in rounds")
    assert chart.marks[0].x == pytest.approx(10**most)
    for line in chart.lines:
        assert line.y[0] == len(seen.sizes)
        assert len(line.y) == len(line.x)


def test_squared_weights_of_equal_totals_have_slope_one():
    equal = {"a.weight": torch.full((2, 8), 0.5), "b.weight": torch.full((2, 2), 1.0), "b.bias": torch.ones(2)}
    assert squares(equal).slope == pytest.approx(1)
    assert squares(equal).spread == pytest.approx(1)
    equal["b.weight"].mul_(2)
    assert squares(equal).spread == pytest.approx(4)
