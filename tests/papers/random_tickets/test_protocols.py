"""The experiments are those of the sheet's section 6.1, and the variants are kept apart."""

import subprocess
import sys

import pytest

from papers.random_tickets import paper
from papers.random_tickets.phases import phases, protocol
from papers.random_tickets.ticket import TRAINED, Ticket
from shared.protocol import Method, Protocol, Prune, Rewind, Train

EXPERIMENTS = paper.experiments


def pruner(p: Protocol) -> Method:
    return next(phase.method for phase in p.phases if isinstance(phase, Prune))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_training_is_sgd_with_steps(experiment: str) -> None:
    p = EXPERIMENTS[experiment].protocol(3)
    assert (p.seed, p.paper, p.scale, p.variant) == (3, "random_tickets", "paper", experiment.split("/")[0])
    trainings = [phase for phase in p.phases if isinstance(phase, Train)]
    assert all(t.epochs == 160 and t.optimizer.momentum == 0.9 and t.optimizer.lr == 0.1 for t in trainings)
    assert trainings[0].schedule.milestones == (80, 120)
    assert len({t.batch_size for t in trainings}) == 1


@pytest.mark.parametrize(
    ("variant", "method", "batch", "vgg_decay", "options"),
    [
        ("published", "random", 64, 1e-4, {"last_pool": "none", "initial": "fan-in-convolutions"}),
        ("answer42", "random", 128, 5e-4, {"last_pool": "none", "initial": "torchvision", "conv_bias": False}),
        ("answer42", "grasp", 128, 5e-4, {"last_pool": "none", "initial": "torchvision", "conv_bias": False}),
        (
            "answer42",
            "snip",
            64,
            1e-4,
            {"last_pool": "none", "initial": "torchvision", "conv_bias": False, "affine": False},
        ),
    ],
)
def test_code_bases_are_kept_apart(
    variant: str, method: str, batch: int, vgg_decay: float, options: dict[str, object]
) -> None:
    p = EXPERIMENTS[f"{variant}/vgg19-cifar10/{method}/95"].protocol(0)
    train = p.phases[-1]
    assert isinstance(train, Train)
    assert (train.batch_size, train.optimizer.weight_decay) == (batch, vgg_decay)
    assert p.model.options == options


def test_depth_constants() -> None:
    depth = {"vgg19": 19, "resnet32": 33}
    for network, constant in depth.items():
        for variant, expected in (("answer42", constant), ("published", None)):
            options = pruner(EXPERIMENTS[f"{variant}/{network}-cifar10/random/98"].protocol(0)).options
            assert options.get("depth") == expected
            assert options.get("depth_penalty", False) == (network == "vgg19")


@pytest.mark.parametrize("method", TRAINED)
def test_tickets_from_a_trained_network_share_its_training_with_the_dense_run(method: str) -> None:
    from shared.training.whole import sharable, whole_key

    for variant in ("published", "corrected"):
        dense = protocol(Ticket(method="dense", variant=variant), 5)
        for ratio in (0.9, 0.98):
            p = protocol(Ticket(method=method, ratio=ratio, variant=variant), 5)
            assert sharable(p, 0)
            assert sharable(dense, 0)
            assert whole_key(p) == whole_key(dense)


def test_half_of_the_data_is_another_training() -> None:
    from shared.training.whole import whole_key

    plain, half = (protocol(Ticket(method="lr-rewinding", checks=checks), 5) for checks in ((), ("half-dataset",)))
    assert whole_key(plain) != whole_key(half)
    last = half.phases[-1]
    assert isinstance(last, Train)
    assert last.checks == ()


def rewinds(t: Ticket) -> list[Rewind]:
    return [p for p in phases(t) if isinstance(p, Rewind)]


def test_rewind_epochs() -> None:
    assert [r.epoch for r in rewinds(Ticket(method="lt", variant="published"))] == [0]
    assert [r.epoch for r in rewinds(Ticket(method="weight-rewinding", variant="answer42"))] == [41]  # trap 15
    assert [r.epoch for r in rewinds(Ticket(method="weight-rewinding"))] == [40]
    for method in ("lr-rewinding", "hybrid", "magnitude"):
        assert rewinds(Ticket(method=method)) == []


def test_a_rewind_past_a_milestone() -> None:
    found = {}
    for variant in ("published", "answer42", "corrected"):
        last = phases(Ticket(method="lr-rewinding", variant=variant, rewind_epoch=90))[-1]
        assert isinstance(last, Train)
        found[variant] = (last.optimizer.lr, last.schedule.milestones, last.schedule.gamma)
    assert found["published"] == (0.1, (30,), 0.1)
    assert found["answer42"][:2] == (0.1, (30,))
    assert found["answer42"][2] == pytest.approx(0.01)
    assert found["corrected"] == (pytest.approx(0.01), (30,), 0.1)


def test_published_masks_are_zeros() -> None:
    for variant, name in (("published", "freeze-zeros"), ("answer42", "mask-gradients")):
        last = EXPERIMENTS[f"{variant}/vgg19-cifar10/random/95"].protocol(0).phases[-1]
        assert isinstance(last, Train)
        assert [m.name for m in last.methods] == [name]


def test_three_meanings_of_random_pixels() -> None:
    checks = ("random-labels", "random-pixels")
    modes = {}
    for variant, method in (("published", "snip"), ("answer42", "snip"), ("answer42", "grasp")):
        prune = phases(Ticket(variant=variant, method=method, checks=checks))[0]
        assert isinstance(prune, Prune)
        modes[variant, method] = prune.checks[1].options.get("mode", "values")
    assert list(modes.values()) == ["values", "rows", "rows-and-columns"]


def test_weights_are_shuffled_after_the_rewind() -> None:
    for method, where in (("weight-rewinding", Rewind), ("lr-rewinding", Prune)):
        with_check = [
            type(p)
            for p in phases(Ticket(method=method, checks=("layerwise-weight-shuffling",)))
            if getattr(p, "checks", ())
        ]
        assert with_check == [where]


def test_importing_the_paper_imports_no_torch() -> None:
    code = "import sys, papers.random_tickets; sys.exit(bool({'torch', 'numpy', 'scipy', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
