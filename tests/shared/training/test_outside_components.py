"""What a method from outside does in a run."""

from __future__ import annotations

import math

import pytest
import torch

from shared.errors import ReproError
from shared.outside import Entry, Outsider, enter
from shared.protocol import Method, Prune, Train
from shared.training.components import SHARED
from shared.training.method import Component

HEAD = "import torch\nfrom shared.training.method import Component\n"
SCORES = HEAD + (
    "def magnitude(state):\n    return state.masks.flat_weights().abs()\n"
    "def by_name(state):\n    return {n: p.abs() for n, p in state.masks.parameters.items()}\n"
    "def largest(state):\n    return -state.masks.flat_weights().abs()\n"
    "def short(state):\n    return torch.zeros(3)\n"
    "def nothing(state):\n    return None\n"
    "def lacking(state):\n    return {}\n"
    "def infinite(state):\n    return state.masks.flat_weights() / 0\n"
    "def transposed(state):\n    return {n: p.abs().flip(0)[:-1] for n, p in state.masks.parameters.items()}\n"
    "def numbers(state):\n    return {n: 1.0 for n in state.masks.parameters}\n"
    "def imaginary(state):\n    return state.masks.flat_weights() * 1j\n"
    "def changing(state):\n"
    "    with torch.no_grad():\n"
    "        for p in state.model.parameters():\n"
    "            p.mul_(2)\n"
    "    return state.masks.flat_weights().abs()\n"
    "def broken(state):\n    return undefined\n"
    "def leaving(state):\n    raise SystemExit\n"
    "calls = []\n"
    "def counting(state):\n"
    "    calls.append(1)\n"
    "    return state.masks.flat_weights().abs() * (-1) ** len(calls)\n"
    "def drawn(state):\n    return torch.rand(state.masks.total)\n"
    "def signs(state):\n    return state.masks.flat_weights() > 0\n"
    "def looking(state):\n"
    "    batch = state.train.batch(0, 0)\n"
    "    state.model.train()\n"
    "    torch.nn.functional.cross_entropy(state.model(batch.images), batch.labels).backward()\n"
    "    state.model.eval()\n"
    "    return state.masks.flat_weights().abs()\n"
    "def talking(state):\n    print('hello')\n    return state.masks.flat_weights().abs()\n"
    "def vector(state):\n    return state.masks.flat_weights()\n"
    "def decay(state, strength):\n"
    "    return strength * sum(p.square().sum() for p in state.masks.parameters.values())\n"
    "class Movement(Component):\n"
    "    def start(self, state):\n"
    "        self.moved = {n: torch.zeros_like(p, requires_grad=False) for n, p in state.masks.parameters.items()}\n"
    "    def before_step(self, state):\n"
    "        for n, p in state.masks.parameters.items():\n"
    "            self.moved[n].sub_(p.detach() * p.grad)\n"
    "    def tensors(self):\n"
    "        return self.moved\n"
    "    def score(self, state):\n"
    "        return self.moved\n"
    "class Blind:\n    pass\n"
)
PERIODIC = Entry("score", "", "prune", "")
ONCE = Entry("score", "", "sparse-init", "")
HALVING = {"criterion": "global-magnitude", "fraction": 0.5, "interval": 2}


def halving(protocol, function: str, interval: int = 2):
    train = protocol().phases[0]
    assert isinstance(train, Train)
    methods = (Method(name="mask-gradients"), Method(name="prune", options={**HALVING, "interval": interval}))
    plan = protocol(phases=(train.model_copy(update={"methods": methods}),))
    return plan, enter(plan, PERIODIC, Outsider(SCORES, function), SHARED)


def once(protocol, function: str, *, rounds: int = 1):
    train = protocol().phases[0]
    assert isinstance(train, Train)
    start = Prune(name="masks", method=Method(name="sparse-init", options={"conv": 0.9, "linear": 0.5}))
    short = train.model_copy(update={"epochs": 1, "methods": (Method(name="mask-gradients"),)})
    plan = protocol(phases=(start, short))
    return plan, enter(plan, ONCE, Outsider(SCORES, function, rounds=rounds), SHARED)


@pytest.mark.parametrize("function", ["magnitude", "by_name"])
def test_magnitude_from_outside_is_magnitude(make_engine, tiny, function):
    ours, theirs = (make_engine(p, str(i)) for i, p in enumerate(halving(tiny, function)))
    assert (ours.run(), theirs.run()) == ("finished", "finished")
    for a, b in zip(ours.state.model.state_dict().values(), theirs.state.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert [r["remaining"] for r in ours.rows] == [r["remaining"] for r in theirs.rows]


class Interrupts(Component):
    """Stops the run in its fourth epoch."""

    def before_epoch(self, state):
        if state.epoch == 4:
            raise KeyboardInterrupt


def test_a_class_sees_every_step_and_survives_an_interruption(make_engine, tiny):
    _, plan = halving(tiny, "Movement")
    whole = make_engine(plan, "whole")
    whole.run()
    assert whole.rows[-1]["remaining"] == math.ceil(math.ceil(whole.state.masks.total / 2) / 2)
    with pytest.raises(KeyboardInterrupt):
        make_engine(plan, "parts", observers=[Interrupts()], checkpoint_seconds=0).run()
    again = make_engine(plan, "parts")
    again.run()
    for name, tensor in whole.state.model.state_dict().items():
        assert torch.equal(tensor, again.state.model.state_dict()[name]), name
    _, blind = halving(tiny, "magnitude")
    other = make_engine(blind, "other")
    other.run()
    assert not torch.equal(other.state.masks.flat(), whole.state.masks.flat())


@pytest.mark.parametrize("rounds", [1, 3])
def test_pruning_once_keeps_as_many_as_the_replaced_method(make_engine, tiny, rounds):
    theirs, ours = (make_engine(p, str(i)) for i, p in enumerate(once(tiny, "magnitude", rounds=rounds)))
    before = ours.state.masks.flat_weights()
    theirs.run()
    ours.run()
    live = ours.state.masks.flat()
    assert ours.state.masks.remaining == theirs.state.masks.remaining < ours.state.masks.total / 4
    assert before.abs()[live].min() >= before.abs()[~live].max()
    assert ours.extra["masks"]["kept"] == ours.state.masks.remaining
    assert ours.state.masks.dormant is None  # nothing of the trial is left behind


def test_a_class_shares_no_beginning_whose_steps_it_has_not_seen(make_engine, tiny, tmp_path):
    """Runs that prune later may take the beginning of one that prunes earlier; what a class saw is not in it."""
    sums = {}
    for folder, intervals in (("alone", (3,)), ("after", (2, 3))):
        for interval in intervals:
            _, plan = halving(tiny, "Movement", interval)
            run = make_engine(plan, f"{folder}-{interval}", prefixes=tmp_path / folder)
            run.run()
        sums[folder] = run.state.masks.flat()
    assert torch.equal(sums["alone"], sums["after"])
    _, plan = halving(tiny, "magnitude", 2)
    make_engine(plan, "function", prefixes=tmp_path / "function").run()
    assert list((tmp_path / "function").iterdir())  # a function has seen nothing: its beginning is shared
    assert not (tmp_path / "alone").exists()


@pytest.mark.parametrize("function", ["counting", "drawn"])
def test_no_run_sees_what_another_left_behind(make_engine, tiny, function):
    """Neither globals of the user's module nor the global random numbers."""
    _, plan = once(tiny, function)
    runs = [make_engine(plan, str(i)) for i in range(2)]
    for run in runs:
        run.run()
        torch.rand(7)
    assert torch.equal(runs[0].state.masks.flat(), runs[1].state.masks.flat())


def test_looking_leaves_no_trace(make_engine, tiny):
    """A forward and a backward pass inside a score change nothing of the run."""
    looked, plain = (make_engine(once(tiny, f)[1], f) for f in ("looking", "magnitude"))
    looked.run()
    plain.run()
    for name, tensor in plain.state.model.state_dict().items():
        assert torch.equal(tensor, looked.state.model.state_dict()[name]), name


def test_what_a_score_prints_is_no_result(make_engine, tiny, capsys):
    make_engine(once(tiny, "talking")[1]).run()
    said = capsys.readouterr()
    assert said.out == ""
    assert "hello" in said.err


def test_a_penalty_is_added_to_the_loss(make_engine, tiny):
    train = tiny().phases[0]
    assert isinstance(train, Train)
    plan = tiny(phases=(train.model_copy(update={"epochs": 1, "methods": ()}),))
    place = Entry("penalty", "", "train", "")
    norms = []
    for strength in (0.0, 0.1):
        entered = enter(plan, place, Outsider(SCORES, "decay", {"strength": strength}), SHARED)
        run = make_engine(entered, str(strength))
        run.run()
        norms.append(float(run.state.masks.flat_weights().norm()))
        assert (run.rows[0]["penalty"] > 0) == (strength > 0)
    assert norms[1] < norms[0] * 0.99


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("short", r"short returned \(3,\); it must return a tensor of \d+ scores"),
        ("nothing", "nothing returned NoneType"),
        ("lacking", r"lacking returned nothing for .*; it must return \(\d+"),
        ("transposed", r"transposed returned \(\d+"),
        ("numbers", "numbers returned float for"),
        ("imaginary", "imaginary returned complex scores"),
        ("changing", "changing changed weights of the network"),
        ("broken", r"broken failed \(line \d+\): NameError: name 'undefined'"),
        ("leaving", r"leaving failed \(line \d+\): SystemExit"),
        ("Movement", "Movement is a class, which watches training"),
        ("infinite", "infinite returned scores of live weights that are not finite"),
    ],
)
def test_scores_that_cannot_be_used_are_a_sentence(make_engine, tiny, function, sentence):
    _, plan = once(tiny, function)
    with pytest.raises(ReproError, match=sentence):
        make_engine(plan).run()


def test_scores_that_are_true_or_false_are_numbers(make_engine, tiny):
    run = make_engine(once(tiny, "signs")[1])
    before = run.state.masks.flat_weights()
    run.run()
    assert before[run.state.masks.flat()].min() > 0


def test_a_penalty_that_is_no_scalar_is_a_sentence(make_engine, tiny):
    plan = enter(tiny(), Entry("penalty", "", "train", ""), Outsider(SCORES, "vector"), SHARED)
    with pytest.raises(ReproError, match="vector must return a scalar"):
        make_engine(plan).run()


def test_a_class_that_is_no_component_is_refused_before_training(make_engine, tiny):
    _, plan = halving(tiny, "Blind")
    with pytest.raises(ReproError, match=r"must derive from shared\.training\.method\.Component"):
        make_engine(plan).run()
