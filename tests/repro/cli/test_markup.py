"""What comes from elsewhere is shown as it is: a folder's name is no markup."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from repro.launch.job import Ended
from repro.registry import load


def test_names_with_brackets(home, repro):
    folder = home / "we[bold]ird" / "x[/oops]"
    folder.mkdir(parents=True)
    (folder / "bad.jsonl").write_text("not a record\n")
    said = repro("verify", "flipout", "--from", folder)
    assert said.code == 3
    assert "we[bold]ird/x[/oops]" in "".join(said.err.split("\n"))


def test_skipped_lines_are_named_beside_sound_ones(home, repro):
    sound = Path(__file__).parents[3] / "results" / "dsr" / "paper.jsonl"
    folder = home / "x[/oops]"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(sound.read_bytes().splitlines(keepends=True)[0])
    (folder / "bad.jsonl").write_text("not a record\n")
    said = repro("verify", "dsr", "--table", "mnist", "--from", folder)
    assert "x[/oops]/bad.jsonl" in said.err.replace("\n", "")
    assert said.code in (0, 3)


def test_remarks_stand_beside_their_reason(home, repro):
    """What Holm's correction takes is said on the terminal too."""
    flags = [
        f for v in json.loads(repro("verify", "flipout", "--published", "--json").out)["verdicts"] for f in v["flags"]
    ]
    assert flags
    shown = "".join(repro("verify", "flipout", "--published").out.split())
    assert "Holm" in " ".join(flags)
    assert "Holm" in shown


ODD = "odd[/]na[bold]me:star:"
"""A name with what would be markup, of which the first would be an error, and an emoji."""
TINY = ("run", "flipout", "--network", "lenet300", "--scale", "demo", "--set", "model.width=0.05", "--no-mlflow")
SHORT = ("--set", "phases.train.epochs=2", "--set", "phases.train.schedule.milestones=[1]")
INTERVAL = ("--set", "phases.train.methods.prune.options.interval=1")


def test_a_run_in_an_odd_folder(home, repro):
    for more in ((), (), ("--restart",)):
        said = repro(*TINY, *SHORT, *INTERVAL, "--runs-dir", ODD, *more)
        assert said.code == 0, said.err
        assert ODD in said.out.replace("\n", "")
    assert f"deleting the finished run in {ODD}" in said.err.replace("\n", "")


@pytest.fixture
def odd_paper(home):
    """FlipOut, with names of the kind in every sentence that somebody else may write."""
    paper = load("flipout")
    table = paper.tables["vgg19"]
    claims = tuple(replace(c, text=f"{ODD} {c.text}", note=ODD, source=ODD) for c in table.claims)
    experiments = {k: replace(e, title=f"{ODD} {e.title}") for k, e in paper.experiments.items()}
    option = replace(paper.options[0], help=f"A length in {ODD}.", group=ODD)
    return replace(
        paper,
        title=f"About {ODD}",
        citation=ODD,
        variants={"published": ODD},
        scale_notes=dict.fromkeys(paper.scales, ODD),
        tables={"vgg19": replace(table, title=ODD, note=ODD, claims=claims)},
        experiments=experiments,
        sentences=tuple(replace(s, text=ODD, source=ODD) for s in paper.sentences),
        options=(option, *paper.options[1:]),
    )


def shown(capsys, *, times, name=ODD):
    """The odd name is in what was printed, wherever lines were broken."""
    assert "".join("".join(capsys.readouterr()).split()).count(name) >= times


def test_a_paper_of_somebody_else_is_shown(odd_paper, capsys):
    from repro.cli import show_screen
    from repro.showing import Shown, overview

    show_screen.paper(odd_paper, overview(odd_paper))
    shown(capsys, times=8)
    show_screen.table(Shown(odd_paper, odd_paper.tables["vgg19"]))
    shown(capsys, times=8)


def test_what_is_about_to_run_is_said(odd_paper, home, capsys):
    from repro import single, sweep
    from repro.cli import plan_show, run_show, sweep_show, verify_show
    from repro.cost import Estimate, Line
    from repro.request import Request, prepare

    prepared = prepare(Request(odd_paper, odd_paper.tables["vgg19"], "demo", "1", runs_dir=home / ODD))
    verify_show.opening(prepared)
    shown(capsys, times=3)
    lines = [
        Line(e, t.title, runs=1, left=1, seconds=10, steps=5, step_seconds=0.5)
        for e, t in odd_paper.experiments.items()
    ]
    plan_show.plan(prepared, Estimate(tuple(lines[:2]), 1, ODD))
    shown(capsys, times=6)
    sweep_show.opening(prepared)
    sweep_show.report(prepared, sweep.outcomes(prepared, ()), json=False)
    shown(capsys, times=4)
    one = single.plan(odd_paper, single.Asked(scale="demo", runs_dir=home / ODD))
    run_show.opening(one)
    run_show.deleting(one)
    run_show.starting(one)
    shown(capsys, times=3)
    for state in ("failed", "interrupted"):
        job = single.job(one)
        run_show.stopped(one, Ended(job, state, f"It broke in {ODD}."), json=False)
        shown(capsys, times=1)


def test_help_shows_a_paper_s_words(odd_paper, capsys):
    from repro.cli.run_options import application

    with pytest.raises(SystemExit):
        application(odd_paper, lambda own, common: None)(["--help"], prog_name="repro run flipout")
    shown(capsys, times=3, name="odd[/]na[bold]me")  # in help, Typer turns names of emoji into them
