"""Checks of any run, as changes of its protocol."""

import pytest

from papers.dsr import paper as dsr
from papers.flipout import paper
from papers.hoyer import paper as hoyer
from papers.random_tickets import paper as random_tickets
from papers.synflow import paper as synflow
from shared.errors import ReproError
from shared.paper import Paper
from shared.protocol import Protocol, Prune, Quantise, Rewind, Train
from shared.sanity import (
    BLIND,
    CHANGE_MASKS,
    CHECKS,
    DATA_CHECKS,
    MEASURES,
    RESETS,
    STAY,
    STEADY,
    STRUCTURE_CHECKS,
    with_checks,
)

PAPERS = (dsr, paper, hoyer, random_tickets, synflow)
SCORES = ("random", "rand", "mag", "synflow")
"""Criteria of ``score-and-prune``."""


def spoilt(plan: Protocol) -> dict[str, list[str]]:
    """Names of the checks of each phase that has some."""
    return {p.name: [c.name for c in p.checks] for p in plan.phases if not isinstance(p, Quantise) and p.checks}


def test_no_check_changes_nothing() -> None:
    plan = paper.build({})
    assert with_checks(plan, ()) is plan


def test_a_ticket_found_in_training_is_rearranged_set_back_and_trained_again() -> None:
    plan = with_checks(paper.build({}), ("layerwise-rearrange", "random-labels"))
    found, keep, back, again = plan.phases
    assert isinstance(found, Train)
    assert isinstance(keep, Prune)
    assert isinstance(back, Rewind)
    assert isinstance(again, Train)
    assert [c.name for c in found.checks] == ["random-labels"]
    assert [c.name for c in keep.checks] == ["layerwise-rearrange"]
    assert (back.phase, back.epoch) == (found.name, 0)
    assert again.checks == ()
    assert [m.name for m in again.methods] == ["mask-gradients"]
    assert again.schedule == found.schedule


def test_weights_are_shuffled_after_the_rewind() -> None:
    plan = with_checks(paper.build({}), ("layerwise-weight-shuffling",))
    back = plan.phases[2]
    assert isinstance(back, Rewind)
    assert [c.name for c in back.checks] == ["layerwise-weight-shuffling"]


def test_scoring_alone_is_spoilt_where_pruning_comes_first() -> None:
    plan = with_checks(paper.build({"method": "snip"}), CHECKS)
    score, train = plan.phases
    assert isinstance(score, Prune)
    assert isinstance(train, Train)
    assert [c.name for c in score.checks] == list(CHECKS)
    assert train.checks == ()


@pytest.mark.parametrize("check", CHECKS)
def test_a_dense_run_has_no_ticket(check: str) -> None:
    plan = paper.build({"method": "none"}).with_(phases=(Train(epochs=2),))
    with pytest.raises(ReproError, match="prunes nothing"):
        with_checks(plan, (check,))


def test_unknown_checks_are_named_with_the_nearest() -> None:
    with pytest.raises(ReproError, match="random-labels"):
        with_checks(paper.build({}), ("random-lables",))


def test_data_checks_are_those_that_loaders_know() -> None:
    from shared.data.checks import CHECKS as LOADERS

    assert set(DATA_CHECKS) == set(LOADERS)


def test_a_ticket_that_grows_in_training_is_the_one_it_ends_with() -> None:
    plan = with_checks(dsr.build({}), ("random-labels", "layerwise-weight-shuffling"))
    start, found, keep, back, again = plan.phases
    assert isinstance(start, Prune)
    assert start.checks == ()
    assert isinstance(found, Train)
    assert [c.name for c in found.checks] == ["random-labels"]
    assert isinstance(keep, Prune)
    assert isinstance(back, Rewind)
    assert (back.phase, [c.name for c in back.checks]) == (found.name, ["layerwise-weight-shuffling"])
    assert isinstance(again, Train)
    assert "reallocate" in [m.name for m in found.methods]
    assert [m.name for m in again.methods] == ["learning-rate-table", "masked-weights"]


def test_all_trainings_of_a_gradual_pruning_are_repeated() -> None:
    plan = with_checks(dsr.build({"method": "pruning"}), ("random-labels",))
    kinds = [p.kind for p in plan.phases]
    assert kinds == ["train", "train", "prune", "rewind", "train", "train"]
    first, second = plan.phases[:2]
    assert isinstance(first, Train)
    assert isinstance(second, Train)
    assert [c.name for c in (*first.checks, *second.checks)] == ["random-labels"] * 2
    assert len({p.name for p in plan.phases}) == 6


def test_a_ticket_from_a_trained_network_is_spoilt_where_it_is_drawn() -> None:
    plan = with_checks(hoyer.build({}), CHECKS)
    first, cut, last = plan.phases[:3]
    assert isinstance(first, Train)
    assert [c.name for c in first.checks] == list(DATA_CHECKS)
    assert isinstance(cut, Prune)
    assert [c.name for c in cut.checks] == list(STRUCTURE_CHECKS)
    assert isinstance(last, Train)
    assert last.checks == ()


def test_every_training_that_a_ticket_is_drawn_from_is_spoilt() -> None:
    """Clean weights from a clean pretraining would be handed on to the ticket, and finetuning sees clean data."""
    plan = with_checks(hoyer.build({"reg": "hs", "decay": 2e-4, "pretrained": True}), ("random-labels",))
    assert [p.name for p in plan.phases] == ["pretrain", "regularise", "prune", "finetune"]
    assert spoilt(plan) == {"pretrain": ["random-labels"], "regularise": ["random-labels"]}


@pytest.mark.parametrize("options", [
    {"reg": "ghs", "decay": 2e-3, "pretrained": True},
    {"network": "resnet", "reg": "ghs", "decay": 1e-4},
])  # fmt: skip
def test_measuring_what_is_left_is_no_pruning(options: dict[str, object]) -> None:
    plan = with_checks(hoyer.build(options), ("random-labels", "layerwise-rearrange"))
    assert isinstance(plan.phases[-1], Prune)
    assert plan.phases[-1].method.name == "measure-compact"
    assert spoilt(plan) == {
        "pretrain": ["random-labels"],
        "regularise": ["random-labels"],
        "prune": ["layerwise-rearrange"],
    }


def test_data_that_a_trained_network_is_scored_by_are_spoilt_too() -> None:
    trained = hoyer.build({})
    score = synflow.build({"pruner": "snip", "compression": 10.0}).phases[0]
    plan = with_checks(trained.with_(phases=(trained.phases[0], score, *trained.phases[2:])), ("random-labels",))
    assert [*spoilt(plan).values()] == [["random-labels"], ["random-labels"]]


def test_a_rewound_level_is_drawn_from_spoilt_data_and_shuffled_after_the_rewind() -> None:
    plan = with_checks(synflow.build({"pruner": "mag", "compression": 10.0, "levels": 1}), CHECKS)
    train, prune, rewind, last = plan.phases
    assert [[c.name for c in p.checks] for p in (train, prune, rewind, last) if not isinstance(p, Quantise)] == [
        [*DATA_CHECKS], ["layerwise-rearrange"], ["layerwise-weight-shuffling"], [],
    ]  # fmt: skip


def test_the_ticket_is_trained_as_the_run_it_was_found_in() -> None:
    """What says how to train stays, in its place: here the repeated updates of synflow's published code."""
    options = {"pruner": "mag", "compression": 10.0, "pretrain_epochs": 2, "variant": "published"}
    plan = with_checks(synflow.build(options), ("random-labels",))
    again = plan.phases[-1]
    assert isinstance(again, Train)
    assert [m.name for m in again.methods] == ["mask-gradients", "repeat-updates"]


@pytest.mark.parametrize(
    ("other", "options", "match"),
    [
        (synflow, {}, "synflow prunes without looking at data"),
        (synflow, {"pruner": "mag", "compression": 10.0}, "mag prunes without looking at data"),
        (synflow, {"pruner": "rand", "compression": 10.0}, "rand prunes without looking at data"),
        (synflow, {"pruner": "none", "variant": "published"}, "prunes nothing"),
        (synflow, {"pruner": "mag", "compression": 10.0, "levels": 2}, "several times"),
        (synflow, {"pruner": "mag", "compression": 10.0, "levels": 1, "variant": "head"}, "has keep-initial"),
        (hoyer, {"reg": "hs", "decay": 2e-4, "prune_rule": "none"}, "prunes nothing"),
        (hoyer, {"network": "wrn", "dropout": 0.3}, "prunes nothing"),
        (dsr, {"method": "static"}, "sparse-init prunes without looking at data"),
        (dsr, {"method": "dense"}, "prunes nothing"),
        (dsr, {"method": "tied"}, "ties them"),
    ],
)
def test_a_check_without_effect_is_refused(other: Paper, options: dict[str, object], match: str) -> None:
    with pytest.raises(ReproError, match=match):
        with_checks(other.build(options), ("random-labels",))


def test_every_pruning_named_here_exists() -> None:
    from shared.training.components import SHARED

    known = {*SHARED, *SCORES, *(name for p in PAPERS for name in p.components)}
    assert {*CHANGE_MASKS, *BLIND, *STAY, *STEADY, *MEASURES, *RESETS} <= known


def test_every_component_of_a_training_is_known_to_change_masks_or_not_to() -> None:
    used = {
        m.name
        for p in PAPERS
        for e in p.experiments.values()
        for phase in e.protocol(42).phases
        if isinstance(phase, Train)
        for m in phase.methods
    }
    assert used <= {*CHANGE_MASKS, *STEADY}
    assert not set(CHANGE_MASKS) & set(STEADY)
