"""Local processes: failures stay alone, are tried again where that helps, and everything leaves in time."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from itertools import chain

from repro.launch.execute import execute
from repro.launch.pool import run_all
from shared.training.rundir import RunDirectory

LONG = 120
"""Epochs of a run that is still under way when the first look at it, half a second after its start, is over."""


def test_a_run_that_crashes_is_tried_again_and_reported_and_the_others_finish(make, all_of):
    jobs = [make(seed=s) for s in (42, 43, 44)]
    jobs[0].directory.mkdir(parents=True)
    (jobs[0].directory / "checkpoint").write_text("a file where a folder must be")
    ended = all_of(run_all(jobs, 2, retries=2))
    assert {s: e.state for s, e in ended.items()} == {42: "failed", 43: "finished", 44: "finished"}
    assert [ended[s].attempts for s in (42, 43, 44)] == [3, 1, 1]
    assert ended[42].sentence


def test_a_refused_run_is_not_tried_again(make, all_of):
    ended = all_of(run_all([make(device="cuda:99")], 1, retries=2))
    assert (ended[42].state, ended[42].attempts) == ("failed", 1)
    assert "'cuda:99' is not available" in ended[42].sentence


def test_a_killed_process_loses_one_attempt_and_the_run_ends_bit_identical(make, all_of, until, outcome):
    straight = make(epochs=LONG, runs="straight")
    assert execute(straight).state == "finished"
    jobs = [make(epochs=LONG), make(epochs=6, seed=43)]
    events = run_all(jobs, 2, retries=1)
    first = next(events)
    os.kill(until(jobs[0], 3), signal.SIGKILL)
    ended = all_of(chain([first], events))
    assert {s: (e.state, e.attempts) for s, e in ended.items()} == {42: ("finished", 2), 43: ("finished", 1)}
    assert outcome(jobs[0]) == outcome(straight)


def test_without_retries_a_killed_run_fails_and_says_that_it_can_go_on(make, all_of, until):
    jobs = [make(epochs=LONG), make(seed=43)]
    events = run_all(jobs, 2)
    first = next(events)
    os.kill(until(jobs[0], 2), signal.SIGKILL)
    ended = all_of(chain([first], events))
    assert ended[42].state == "failed"
    assert "the same command continues" in ended[42].sentence
    assert ended[43].state == "finished"


def test_closing_stops_runs_after_a_whole_epoch_with_a_checkpoint(make, until, outcome):
    straight = make(epochs=LONG, runs="straight")
    job = replace(make(epochs=LONG), checkpoint_seconds=1e9)
    events = run_all([job, make(epochs=LONG, seed=43)], 1)
    next(events)
    until(job, 3)
    events.close()
    status = RunDirectory(job.directory).status()
    assert status["state"] == "interrupted"
    assert "after a whole epoch" in status["sentence"]
    done = len(RunDirectory(job.directory).rows())
    assert 3 <= done < LONG
    assert [int(p.name) for p in (job.directory / "checkpoint").iterdir()] == [done]
    assert not (make(seed=43, epochs=LONG).directory / "status.json").exists()
    assert execute(job).state == execute(straight).state == "finished"
    assert outcome(job)["rows"] == outcome(straight)["rows"]


def test_after_the_deadline_runs_have_left_and_no_other_begins(make, all_of):
    jobs = [make(epochs=20_000, seed=s) for s in (42, 43)]
    deadline = time.time() + 6
    ended = all_of(run_all([replace(j, deadline=deadline) for j in jobs], 1, deadline=deadline))
    assert {e.state for e in ended.values()} == {"interrupted"}
    assert all("time limit" in e.sentence for e in ended.values())


def test_a_run_that_another_process_has_is_waited_for_by_the_patient(make, all_of, until, monkeypatch):
    monkeypatch.setattr("repro.launch.pool.BUSY_SECONDS", 0.2)
    job = make(epochs=40)
    other = run_all([job], 1)
    next(other)
    until(job, 1)
    ended = all_of(run_all([job], 1))
    assert ended[42].busy
    assert "in use by process" in ended[42].sentence
    both = run_all([job], 1, patient=True)
    assert next(both) == []
    assert all_of(other)[42].state == "finished"
    assert (all_of(both)[42].state, len(RunDirectory(job.directory).rows())) == ("finished", 40)
