"""What is said while runs go on."""

from __future__ import annotations

from pathlib import Path

from repro.cli.progress import Tail
from repro.cli.run_progress import line
from repro.planning import Run
from repro.registry import load
from shared.training.rundir import RunDirectory


def test_a_run_that_waits_says_so_and_one_that_waited_before_it_was_killed_does_not(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    directory.set_status("running")
    directory.say("Waits for somebody.")
    run = Run("e", "E", 1, load("flipout").at_scale("vgg19/flipout/75", "demo", 1), tmp_path, "started")
    tail = Tail(run)
    assert line(tail, 0, 7).startswith("preparing")
    directory.say("Waits for somebody.")
    assert line(tail, 0, 7) == "Waits for somebody. · 7 s"
    directory.say("")
    assert line(tail, 0, 7).startswith("preparing")
    directory.set_status("interrupted", "Stopped by hand.")
    assert line(tail, 0, 7).startswith("preparing")
