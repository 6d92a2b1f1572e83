"""Cutting a protocol keeps its phases and the relative place of its learning-rate steps."""

import pytest

from papers.hoyer import paper
from shared.data.sizes import SIZES
from shared.models.registry import NETWORKS
from shared.protocol import Scale, Train

CUTS: tuple[Scale, ...] = ("demo", "reduced")


@pytest.mark.parametrize("scale", CUTS)
@pytest.mark.parametrize("experiment", paper.experiments)
def test_phases_and_steps_keep_their_place(experiment: str, scale: Scale) -> None:
    full, cut = paper.experiments[experiment].protocol(42), paper.at_scale(experiment, scale, 42)
    assert (cut.scale, len(cut.phases), cut.seed) == (scale, len(full.phases), 42)
    assert cut.model.name in NETWORKS
    for before, after in zip(full.phases, cut.phases, strict=True):
        if not (isinstance(before, Train) and isinstance(after, Train)):
            assert before == after
            continue
        assert after.epochs < before.epochs
        assert after.methods == before.methods
        steps = [m / after.epochs for m in after.schedule.milestones]
        old = [m / before.epochs for m in before.schedule.milestones]
        assert steps == pytest.approx(old, abs=0.35)


def test_the_demo_needs_no_data_and_no_deep_network() -> None:
    for experiment in paper.experiments:
        p = paper.at_scale(experiment, "demo", 42)
        assert p.data.name == "digits"
        assert p.model.channels == 1
        assert int(str(p.model.options.get("depth", 8))) <= 11


@pytest.mark.parametrize("scale", CUTS)
def test_no_scale_asks_for_more_images_of_a_class_than_there_are(scale: Scale) -> None:
    for experiment in paper.experiments:
        p = paper.at_scale(experiment, scale, 42)
        asked = (p.data.per_class or 0, p.data.test_per_class or 0)
        there = SIZES["mnist" if p.data.name == "fashion-mnist" else p.data.name]
        assert all(n * p.model.classes <= whole for n, whole in zip(asked, there, strict=True)), experiment


@pytest.mark.parametrize(("network", "images"), [("lenet-300-100", 120), ("resnet", 50)])
def test_the_demo_holds_out_the_share_of_the_images_it_keeps(network: str, images: int) -> None:
    """5,000 of 60,000 or 50,000: of all 1,437 digits for the LeNets, of 500 for the zoo."""
    full = paper.build({"network": network, "val_size": 5_000})
    full = full.with_(data=full.data.model_copy(update={"val_rule": "stratified", "select_on": "val"}))
    data = paper.scales["demo"](full).data
    assert (data.val_size, data.val_rule, data.select_on) == (images, "stratified", "val")
