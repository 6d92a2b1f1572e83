"""Requests to stop: answered after a whole epoch, with a checkpoint, without a trace in the result."""

from __future__ import annotations

import time

import pytest

from shared.training.stop import GRACE, Stop, Stopped


def test_past_the_deadline_one_epoch_is_done_and_saved_and_the_run_goes_on_bit_identical(make_engine, print_of):
    whole = make_engine(folder="whole")
    whole.run()
    for done in (1, 2, 3):
        engine = make_engine(folder="cut", checkpoint_seconds=1e9, stop=Stop(deadline=time.time() - 1))
        with pytest.raises(Stopped, match="time limit"):
            engine.run()
        assert len(engine.directory.rows()) == done
        assert max(int(p.name) for p in engine.directory.checkpoints.iterdir()) == done
    again = make_engine(folder="cut")
    assert again.run() == "finished"
    assert print_of(again) == print_of(whole)


def test_a_request_in_the_last_epoch_lets_the_run_finish(make_engine):
    make_engine(folder="run", checkpoint_seconds=0.0, stop=Stop(deadline=time.time() + 1e9)).run()
    stop = Stop()
    stop.asked = True
    assert make_engine(folder="run", stop=stop).run() == "finished"


def test_a_request_waits_for_the_epoch_at_hand_only_if_that_takes_seconds():
    stop = Stop()
    assert not stop.ask()  # before the first epoch nothing is known
    stop.begin_epoch()
    assert not stop.ask()
    stop.after_epoch()
    stop.epoch_seconds = 2 * GRACE
    stop.begin_epoch()
    assert not stop.ask()
    stop.epoch_seconds = GRACE / 2
    assert stop.ask()
    assert not stop.ask()  # the second time it is stopped at once
    assert "whole epoch" in stop.after_epoch()


def test_what_is_lost_is_said():
    stop = Stop()
    assert "done again" not in stop.lost()
    stop.begin_epoch()
    assert "into an epoch, which is done again" in stop.lost()
