"""A chart of panels is drawn panel by panel, with one legend."""

import pytest

from repro.report import panels
from repro.report.gallery import charts
from repro.report.ink import file
from shared.appendix import Appendix, Chart, Line, Panel


@pytest.fixture
def chart():
    def one(k):
        return Panel(f"layer {k}", [Line("a", (-1, 0, 1), (1, 2, 3), steps=True), Line("b", (1, 2), (k, k), dots=True)])

    return Chart("many", "Many", "All of them.", "x axis", "y axis", (), log_y=True, limits=(1, 9),
                 panels=[one(k) for k in range(1, 6)])  # fmt: skip


def test_every_panel_has_its_lines_and_the_legend_each_label_once(chart):
    figure = panels.chart(chart)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == [f"layer {k}" for k in range(1, 6)]
    assert all(axes.get_yscale() == "log" and axes.get_ylim() == (1, 9) for axes in shown)
    assert all(len(axes.lines) == 1 and len(axes.patches) == 1 for axes in shown)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b"]
    assert file(figure, "svg").startswith(b"<?xml")


def test_the_gallery_draws_it_as_panels(chart):
    (picture,) = charts(Appendix((chart,)))
    assert len(picture.draw().axes) == 6  # two rows of three
