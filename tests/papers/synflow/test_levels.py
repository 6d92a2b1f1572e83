"""What is drawn for scoring is drawn anew at each level of iterative pruning, as the original's stream goes on."""

import pytest
import torch

from papers.synflow import paper, scales
from shared.data.scoring import ScoringSample
from shared.draws import KeyedDraws
from shared.sparsity import pruners
from shared.training.engine import Engine
from shared.training.rundir import RunDirectory
from shared.training.setup import prepare_run

LEGACY = ("published", "head", "assignment")
CPU = torch.device("cpu")


def ran(folder, **options):
    """What each level did, at demo scale."""
    gentle = {"epochs": 50, "lr": 1e-3, "lr_milestones": "none"}
    plan = scales.demo(paper.build({"network": "vgg11", "levels": 2, "compression": 4, **gentle, **options}))
    engine = Engine(plan, prepare_run(plan, None, CPU), RunDirectory(folder), own=paper.components)
    assert engine.run() == "finished"
    return [engine.extra["prune-1"], engine.extra["prune-2"]]


@pytest.mark.parametrize("variant", LEGACY)
def test_random_pruning_revives_at_the_next_level(variant, tmp_path):
    first, second = ran(tmp_path, variant=variant, pruner="rand")
    # of the quarter that remains, the half that the first level had removed comes back by a new draw
    assert second["revived"] == pytest.approx(second["kept"] / 2, rel=0.05)
    assert first["revived"] == 0


def test_random_pruning_is_locked_in_corrected(tmp_path):
    assert [level["revived"] for level in ran(tmp_path, variant="corrected", pruner="rand")] == [0, 0]


@pytest.mark.parametrize(
    ("variant", "pruner", "rounds", "expected"),
    [
        ("published", "snip", 1, [0, 2]),
        ("head", "snip", 2, [0, 1, 4, 5]),
        ("head", "grasp", 2, [0, 1, 2, 3, 4, 5, 6, 7]),
        ("corrected", "snip", 1, [0, 0]),  # one fixed sample
        ("corrected", "grasp", 1, [0, 0]),
    ],
)
def test_no_pass_over_the_sample_is_repeated(variant, pruner, rounds, expected, tmp_path, monkeypatch):
    seen = []
    original = ScoringSample.batches
    monkeypatch.setattr(ScoringSample, "batches", lambda self, index: seen.append(index) or original(self, index))
    ran(tmp_path, variant=variant, pruner=pruner, prune_iterations=rounds)
    assert seen == expected


@pytest.mark.parametrize("variant", LEGACY)
def test_only_pruners_that_draw_have_a_level_in_their_protocol(variant):
    def levels(pruner):
        plan = paper.build({"variant": variant, "pruner": pruner, "levels": 3})
        cuts = [p.method.options for p in plan.phases if p.kind == "prune" and p.method.name == "score-and-prune"]
        return [options.get("level", 1) for options in cuts]

    drawn = {"rand", "snip", "grasp"}
    assert {p: levels(p) for p in pruners.PRUNERS} == {
        p: [1, 2, 3] if p in drawn else [1, 1, 1] for p in pruners.PRUNERS
    }


def test_the_first_level_draws_what_a_single_shot_draws():
    weights = {"a": torch.zeros(3, 2), "b": torch.zeros(4)}
    draws = KeyedDraws(1)
    plain = torch.cat(
        [draws.normal(w, "random-scores", step=1, index=i).flatten() for i, w in enumerate(weights.values())]
    )
    assert torch.equal(pruners.random_scores(draws)(weights, {}, 1), plain)
    assert not torch.equal(pruners.random_scores(draws, 2)(weights, {}, 1), plain)
