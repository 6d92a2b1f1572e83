"""A paper's own figures, tables and findings reach every form of the report."""

import sys
from dataclasses import replace
from types import ModuleType

import pytest

from repro.evidence.line import to_line
from repro.report.figures import chart as figure_of
from repro.report.gallery import charts
from repro.report.write import as_text, figures, gather
from shared.appendix import Appendix, Chart, Grid, Line, Mark
from shared.appendix import gather as appendix_of

SEEN = []


def appendix(evidence, tables):
    """What a paper's module would have."""
    SEEN.append((evidence, tables))
    runs = {name: len(cell.runs) for name, cell in evidence.items()}
    line = Line("a & <b>", (1, 10, 100), (50.0, float("nan"), 70.0), (49, 1, 69), (51, 1, 71))
    dots = Line("published", (1, 100), (51.0, 72.0), dots=True, likeness="a & <b>")
    chart = Chart("rise", "A rise", "It rises.", "compression", "accuracy (%)", (line, dots), log_x=True)
    placed = replace(chart, name="placed", title="In its table", table="vgg19", ticks={1: "one", 100: "hundred"})
    return Appendix((chart, placed), (Grid("Sizes", ("name", "size"), (("x_y", "3 %"),), "a note"),), (f"Ran {runs}.",))


@pytest.fixture(scope="module")
def content(made, paper, tmp_path_factory):
    module = ModuleType("a_paper_with_an_appendix")
    module.appendix = appendix
    folder = tmp_path_factory.mktemp("evidence")
    records = [made("vgg19/flipout/99.9", "demo", s) for s in (42, 43)]
    (folder / "runs.jsonl").write_bytes(b"".join(map(to_line, records)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        yield gather(replace(paper, appendix=f"{module.__name__}:appendix"), ["vgg19"], [folder])


def test_a_paper_sees_its_runs_and_the_tables_of_the_report(content):
    assert content.appendix.findings == ("Ran {'vgg19/flipout/99.9': 2}.",)
    evidence, tables = SEEN[-1]
    assert tables == ["vgg19"]
    assert evidence["vgg19/flipout/99.9"].scale == "demo"
    assert evidence["vgg19/flipout/99.9"].runs[0].metric("top1_accuracy") is not None


def test_the_page_shows_figures_tables_and_findings_escaped(content):
    page = as_text(content, "html")
    for text in ("What the numbers show", "A rise", "In its table", "x_y", "a note", "Of this paper alone"):
        assert text in page
    assert "a &amp; &lt;b&gt;" in page
    assert "<b>" not in page[page.index('id="own-rise"') :].split("</svg>")[0]


def test_a_chart_with_a_table_stands_with_it(content):
    page = as_text(content, "html")
    verdicts = page[page.index('id="table-vgg19"') : page.index('id="sentences"')]
    assert "own-placed" in verdicts
    assert "own-rise" not in verdicts


def test_text_forms_have_the_findings_and_tables(content):
    markdown, latex = as_text(content, "md"), as_text(content, "tex")
    assert "## What the numbers show" in markdown
    assert "| x\\_y | 3 % |" in markdown
    assert "\\item Ran" in latex
    assert "x\\_y & 3 \\%" in latex


def test_marks_and_steps_share_the_colour_of_their_likeness():
    bins = Line("HS", (0.1, 1.0, 10.0), (5.0, 50.0, 2.0), steps=True)
    chart = Chart("sizes", "Sizes", "", "|w|", "weights", (bins,), True, True, marks=(Mark("t of HS", 3.0, "HS"),))
    (axes,) = figure_of(chart).axes
    line, mark = axes.get_lines()
    assert line.get_drawstyle() == "steps-mid"
    assert list(mark.get_xdata()) == [3.0, 3.0]
    assert line.get_color() == mark.get_color()
    (picture,) = charts(Appendix((chart,)))
    assert picture.numbers[1][-1] == ("t of HS", "3", "")


def test_an_axis_of_less_than_a_decade_has_plain_numbers():
    chart = Chart("near", "Near", "", "left (%)", "accuracy", (Line("HS", (10.5, 40.0), (1.0, 2.0)),), log_x=True)
    figure = figure_of(chart)
    figure.canvas.draw()
    labels = {t.get_text() for t in figure.axes[0].xaxis.get_ticklabels(minor=True)}
    assert "20" in labels
    assert not any("times" in text or "e" in text for text in labels)


def test_charts_become_files(content, tmp_path):
    names = {p.name for p in figures(content, tmp_path)}
    assert {"own-rise.svg", "own-rise.pdf", "own-placed.svg"} <= names


def test_without_a_name_there_is_none():
    assert appendix_of("", {}, []) == Appendix()


@pytest.mark.parametrize(("x", "shown"), [((3e3, 2.7e4), "20,000"), ((5e6, 7.4e6), "6,000,000"), ((1.0, 1e5), "100")])
def test_logarithmic_axes_are_labelled_in_plain_numbers(x, shown):
    """Between the powers of ten too, where an axis spans few of them."""
    figure = figure_of(Chart("c", "t", "", "x", "y", (Line("a", x, (1.0, 2.0)),), log_x=True))
    axis = figure.axes[0].xaxis
    figure.canvas.draw()
    labels = [t.get_text() for t in (*axis.get_majorticklabels(), *axis.get_minorticklabels())]
    assert shown in labels
    assert not any("$" in label for label in labels)
