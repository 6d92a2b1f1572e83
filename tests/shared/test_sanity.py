"""Checks of any run, as changes of its protocol."""

import pytest

from papers.flipout import paper
from shared.errors import ReproError
from shared.protocol import Prune, Rewind, Train
from shared.sanity import CHECKS, DATA_CHECKS, with_checks


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
