"""A verdict that decides nothing says so on the terminal, as it does in the files."""

from dataclasses import replace
from pathlib import Path

from repro import verification
from repro.cli import show_screen, verify_show
from repro.registry import load
from repro.report.rows import label
from repro.showing import Shown

RESULTS = Path(__file__).parents[3] / "results" / "dsr"


def column(grid, name):
    return [cell.plain for c in grid.columns if c.header == name for cell in c.cells]


def test_the_terminal_says_which_verdicts_are_not_counted(home):
    verdicts = verification.from_records(load("dsr"), "mnist", [RESULTS], "paper", None).tables[0].verdicts
    shown = column(verify_show._grid("Sentences", list(verdicts), []), "verdict")
    assert shown == [label(v) for v in verdicts]
    assert "SUPPORTED, not counted" in shown
    assert sum("not counted" in text for text in shown) == sum(not v.gating for v in verdicts)


def test_also_on_the_published_numbers(home, monkeypatch):
    verdicts = [replace(v, gating=False) for v in verification.on_published(load("dsr"), "mnist")]
    shown = Shown(load("dsr"), load("dsr").table("mnist"))
    shown.__dict__["verdicts"] = verdicts
    grids: list = []
    for screen in (verify_show, show_screen):
        monkeypatch.setattr(screen.out, "print", lambda what, *_: grids.append(what))
    verify_show.published(load("dsr"), verdicts, None)
    show_screen._sentences(shown)
    for grid in (grids[1], grids[2]):
        assert column(grid, "verdict") == [f"{v.text}, not counted" for v in verdicts]
