"""What is said while runs go on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from repro.cli.progress import Tail
from repro.cli.run_progress import _drawing, line
from repro.planning import Run
from repro.registry import load
from shared.training.rundir import RunDirectory


def tail_of(folder: Path) -> Tail:
    return Tail(Run("e", "E", 1, load("flipout").at_scale("vgg19/flipout/75", "demo", 1), folder, "started"))


def test_a_run_that_a_record_from_elsewhere_stands_for_is_done(tmp_path: Path) -> None:
    """It has no stream here; without its epochs what is left would seem ten times longer."""
    protocol = load("flipout").at_scale("vgg19/flipout/75", "demo", 1)
    tail = Tail(Run("e", "E", 1, protocol, tmp_path / "nowhere", "done"))
    assert tail.epochs == tail.before == protocol.epochs
    assert "from evidence" in tail.cell()
    assert Tail(Run("e", "E", 1, protocol, tmp_path / "nowhere", "new")).epochs == 0


def test_a_run_that_waits_says_so_and_one_that_waited_before_it_was_killed_does_not(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.set_status("running")
    directory.say("Waits for somebody.")
    tail = tail_of(tmp_path)
    assert line(tail, 0, 7).startswith("preparing")
    directory.say("Waits for somebody.")
    assert line(tail, 0, 7) == "Waits for somebody. · 7 s"
    directory.say("")
    assert line(tail, 0, 7).startswith("preparing")
    directory.set_status("interrupted", "Stopped by hand.")
    assert line(tail, 0, 7).startswith("preparing")


def test_without_a_terminal_the_wait_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("repro.cli.run_progress.PLAIN_SECONDS", 1e9)
    directory, said, end = RunDirectory(tmp_path), "", time.monotonic() + 30
    directory.set_status("running")
    with _drawing(tail_of(tmp_path)):
        directory.say("Waits for [somebody].")
        while not said and time.monotonic() < end:
            said = capsys.readouterr().err
            time.sleep(0.05)
    assert said.startswith("Waits for [somebody]. · ")
