"""Scales keep the relative place of every event, and the demo runs on the embedded digits alone."""

import pytest

from papers.random_tickets import paper
from shared.protocol import Prune, Rewind, Train

IDS = [
    "published/vgg19-cifar10/lt/98",
    "answer42/resnet32-cifar100/lr-rewinding/98",
    "answer42/vgg19-cifar10/snip/98/corrupted",
    "corrected/vgg19-cifar10/lr-rewinding/95/half-dataset",
]


@pytest.mark.parametrize("experiment", IDS)
@pytest.mark.parametrize(("scale", "epochs", "width"), [("demo", 12, 0.125), ("reduced", 32, 0.25)])
def test_events_keep_their_place(experiment: str, scale: str, epochs: int, width: float) -> None:
    full = paper.experiments[experiment].protocol(0)
    cut = paper.at_scale(experiment, scale, 0)  # type: ignore[arg-type]
    assert cut.model.width == full.model.width * width
    for a, b in zip(full.phases, cut.phases, strict=True):
        assert type(a) is type(b)
        assert getattr(a, "checks", ()) == getattr(b, "checks", ())
        if isinstance(a, Train) and isinstance(b, Train):
            assert b.epochs == epochs
            for old, new in zip(a.schedule.milestones, b.schedule.milestones, strict=True):
                assert new / b.epochs == pytest.approx(old / a.epochs, abs=0.5 / epochs)
        elif isinstance(a, Prune):
            assert a == b


def test_the_demo_needs_no_download_and_ten_classes() -> None:
    p = paper.at_scale("answer42/resnet32-cifar100/random/98", "demo", 0)
    assert (p.data.name, p.model.classes, p.model.channels, p.model.size) == ("digits", 10, 1, 32)
    assert [a.kind for a in p.data.augment] == ["pad-crop"]


def test_a_rewind_stays_inside_its_training() -> None:
    from papers.random_tickets.phases import protocol
    from papers.random_tickets.ticket import Ticket

    p = paper.scales["demo"](protocol(Ticket(method="weight-rewinding", variant="answer42"), 0))
    back = next(phase for phase in p.phases if isinstance(phase, Rewind))
    assert back.epoch == 3


def test_the_sanity_demo_trains_one_dense_network_for_its_tickets() -> None:
    from shared.training.whole import whole_key

    keys = {
        whole_key(paper.at_scale(f"corrected/vgg19-cifar10/{m}", "demo", 0))
        for m in ("dense", "lr-rewinding/95", "lr-rewinding/95/rearranged", "lr-rewinding/95/shuffled")
    }
    assert len(keys) == 1
