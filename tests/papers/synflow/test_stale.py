"""Gradients that training leaves behind reach the first score of those pruners and code states that read them."""

import pytest
import torch

from papers.synflow import paper, scales
from papers.synflow.protocols import PRUNERS
from shared.protocol import Prune, Train
from shared.sparsity import pruners
from shared.training.engine import Engine
from shared.training.method import Component
from shared.training.rundir import RunDirectory
from shared.training.setup import prepare_run

READS = {"published": {"snip", "grasp", "synflow"}, "head": {"grasp", "synflow"}, "assignment": {"grasp", "synflow"}}
CPU = torch.device("cpu")


def cuts(protocol):
    """Options of every pruning, and the names of the components of the training before it."""
    before = []
    for phase in protocol.phases:
        if isinstance(phase, Train):
            before = [m.name for m in phase.methods]
            yield from ((m.options, before) for m in phase.methods if m.name == "prune-after")
        elif isinstance(phase, Prune) and phase.method.name == "score-and-prune":
            yield phase.method.options, before


@pytest.mark.parametrize("trained", [{"pretrain_epochs": 5}, {"levels": 2}], ids=["single shot", "levels"])
@pytest.mark.parametrize("variant", ["published", "head", "assignment", "corrected"])
@pytest.mark.parametrize("pruner", PRUNERS)
def test_pruners_that_read_stored_gradients_are_contaminated(variant, pruner, trained):
    found = list(cuts(paper.build({"variant": variant, "pruner": pruner, **trained})))
    assert len(found) == trained.get("levels", 1)
    for options, before in found:
        reads = pruner in READS.get(variant, ())
        assert options.get("stale", False) is reads
        assert ("keep-gradients" in before) is reads
        assert not reads or before[-1] == "keep-gradients"  # after the visits of June 2020, which change gradients


@pytest.mark.parametrize("variant", ["published", "head", "assignment", "corrected"])
def test_nothing_is_left_over_before_any_training(variant):
    for options, before in cuts(paper.build({"variant": variant, "pruner": "grasp"})):
        assert "stale" not in options
        assert before == []


def test_the_decay_is_added_where_the_pinned_optimiser_did_so():
    def options(**chosen):
        train = paper.build({"variant": "head", "pruner": "grasp", "pretrain_epochs": 5, **chosen}).phases[0]
        return next(m.options for m in train.methods if m.name == "keep-gradients")

    assert options() == options(optimizer="adam") == {"decay": True}
    assert options(optimizer="rmsprop") == options(weight_decay=0.0) == {}


class Watch(Component):
    """What the last step before a pruning leaves in the gradients, worked out beside the run."""

    def __init__(self, decay):
        self.decay = decay

    def before_step(self, state):
        if not state.masks.changes:
            self.left = {n: p.grad + self.decay * p.detach() for n, p in state.masks.parameters.items()}


def run(plan, folder, watch):
    folder.mkdir()
    engine = Engine(plan, prepare_run(plan, None, CPU), RunDirectory(folder), own=paper.components, observers=[watch])
    assert engine.run() == "finished"
    return engine.state.masks.flat()


def clean(plan):
    """The same run with gradients cleared before scoring."""
    (train,) = plan.phases
    methods = [m for m in train.methods if m.name != "keep-gradients"]
    methods = [m.model_copy(update={"options": {k: v for k, v in m.options.items() if k != "stale"}}) for m in methods]
    return plan.with_(phases=(train.model_copy(update={"methods": tuple(methods)}),))


@pytest.mark.parametrize(
    ("variant", "pruner", "decay"),
    [("head", "grasp", 0.0), ("assignment", "synflow", 0.01), ("published", "snip", 0.01)],
)
def test_a_run_scores_with_what_its_last_step_left(variant, pruner, decay, tmp_path, monkeypatch):
    options = {"variant": variant, "pruner": pruner, "optimizer": "nesterov", "lr": 0.01, "weight_decay": decay}
    network = {"network": "fc", "dataset": "mnist", "pretrain_epochs": 50, "epochs": 50, "compression": 3.0}
    plan = scales.demo(paper.build(options | network))
    seen = []
    name = {"snip": "snip_scores", "grasp": "grasp_scores_of", "synflow": "synflow_scores"}[pruner]
    real = getattr(pruners, name)

    def spy(*args, stale, **more):
        seen.append(None if stale is None else {n: t.clone() for n, t in stale.items()})
        return real(*args, stale=stale, **more)

    monkeypatch.setattr(pruners, name, spy)
    watch = Watch(decay)
    contaminated = run(plan, tmp_path / "as it was", watch)
    (stale,) = seen
    assert stale.keys() == watch.left.keys()
    for key, expected in watch.left.items():
        torch.testing.assert_close(stale[key], expected)
    cleared = run(clean(plan), tmp_path / "cleared", Watch(decay))
    assert seen[1] is None
    if pruner != "synflow":  # whose flow is far larger than any gradient of so thin a network
        assert not torch.equal(contaminated, cleared)


@pytest.mark.parametrize("pruner", PRUNERS)
def test_a_later_level_removes_only_what_is_left(pruner, tmp_path):
    """``corrected`` locks masks (sheet 4.9): over levels, too."""
    options = {"network": "fc", "dataset": "mnist", "pruner": pruner, "levels": 2, "compression": 1.5, "epochs": 50}
    plan = scales.demo(paper.build(options))
    masks = []

    class Levels(Component):
        """The mask of each training."""

        def start(self, state):
            masks.append(state.masks.flat().clone())

    run(plan, tmp_path / "run", Levels())
    assert [int(m.sum()) < m.numel() for m in masks] == [False, True, True]
    assert not bool((masks[2] & ~masks[1]).any())


@pytest.mark.parametrize("pruner", ["snip", "grasp", "synflow"])
def test_a_level_is_first_scored_under_the_mask_of_the_one_before(pruner, tmp_path, monkeypatch):
    options = {"network": "fc", "dataset": "mnist", "pruner": pruner, "levels": 2, "compression": 4.0, "epochs": 50}
    plan = scales.demo(paper.build(options | {"variant": "head", "optimizer": "adam"}))
    name = {"snip": "snip_scores_under_masks", "grasp": "grasp_scores", "synflow": "flow_and_scores"}[pruner]
    real, live = getattr(pruners, name), []

    def spy(*args, **more):
        live.append(sum(int(m.sum()) for m in more["live"].values()))
        return real(*args, **more)

    monkeypatch.setattr(pruners, name, spy)
    run(plan, tmp_path / "run", Watch(0.0))
    assert len(live) == (200 if pruner == "synflow" else 2)
    assert live[len(live) // 2] < live[0]
