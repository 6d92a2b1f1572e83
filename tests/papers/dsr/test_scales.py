"""What the smaller scales keep of a run: the share of the weights that moves, and when."""

import pytest

from papers.dsr import paper, settings
from papers.dsr.counts import shapes
from papers.dsr.scales import DEMO, REDUCED, SCALE_NOTES
from papers.dsr.sizes import COVERED, prunable_shapes, prunable_units
from shared.models.registry import build
from shared.protocol import Train
from shared.sparsity.masks import prunable_parameters
from shared.sparsity.units import LEADING
from shared.training.components.events import Clock


def event(protocol):
    """The options of the run's reallocation."""
    methods = [m for p in protocol.phases if isinstance(p, Train) for m in p.methods]
    return next(m for m in methods if m.name == "reallocate").options


def test_units_are_those_of_the_networks():
    assert COVERED == LEADING
    for network, width in (("lenet300", 1.0), ("wide_resnet", 2.0), ("imagenet_resnet50", 1.0)):
        convolutions, linear = prunable_shapes(settings.model_for(network, width))
        assert sorted([*convolutions, *linear]) == sorted(shapes(network, width)[0])


@pytest.mark.parametrize("scale", ["demo", "reduced"])
@pytest.mark.parametrize("downsample", [False, True])
def test_units_of_cut_networks_are_those_that_are_built(scale, downsample):
    for network in ("lenet300", "wide_resnet", "imagenet_resnet50"):
        if downsample and network != "imagenet_resnet50":
            continue
        options = {"sparse_downsample": True} if downsample else {}
        protocol = paper.scales[scale](paper.build({"network": network, **options}))
        tensors = prunable_parameters(build(protocol.model), protocol.prunable).values()
        assert prunable_units(protocol) == sum(t.numel() for t in tensors)
        if network != "lenet300":
            assert prunable_units(protocol, "kernel") == sum(t.shape[0] * t.shape[1] for t in tensors)


@pytest.mark.parametrize("scale", ["demo", "reduced"])
@pytest.mark.parametrize("experiment", ["mnist/dsr/99", "cifar10/dsr/90", "cifar10/dsr-kernels/50", "imagenet/dsr/80"])
def test_the_share_of_the_weights_that_moves_is_the_papers(experiment, scale):
    """Sheet 7.3: 13.8 % of the active weights of WRN-28-2 at 90 %, as SET moves; also where depth is cut."""
    whole, cut = (paper.at_scale(experiment, s, 42) for s in ("paper", scale))
    units = str(event(whole).get("granularity", "weight"))
    shares = [event(p)["target"] / prunable_units(p, units) for p in (whole, cut)]
    assert shares[1] == pytest.approx(shares[0], rel=0.02)
    if experiment == "cifar10/dsr/90":
        assert shares[1] / 0.1 == pytest.approx(0.138, abs=0.002)  # whole weights of few


IMAGES = {"mnist": 60_000, "cifar10": 50_000, "imagenet": 1_281_167}
SHOWN = {"mnist/dsr/90": "LeNet", "cifar10/dsr/90": "WRN", "imagenet/dsr/80": "ResNet-50"}


def happening(protocol):
    """Reallocations of a run, in each stage of its periods."""
    phase, rule, data = protocol.phases[-1], event(protocol), protocol.data
    images = data.per_class * protocol.model.classes if data.per_class else IMAGES[data.name]
    clock = Clock(rule["period_epochs"], rule["periods"], rule["stop_epoch"])
    due = [len(e) for e in clock.iterations(phase.epochs, -(-images // phase.batch_size))]
    ends = [*rule["period_epochs"][1:], phase.epochs]
    return [sum(due[a:b]) for a, b in zip(rule["period_epochs"], ends, strict=True)]


@pytest.mark.parametrize("scale", ["demo", "reduced"])
@pytest.mark.parametrize("experiment", SHOWN)
def test_periods_keep_their_ratios_and_reallocations_their_place(experiment, scale):
    """DESIGN, section 3; what the notes say of the number is what happens."""
    whole, cut = (paper.at_scale(experiment, s, 42) for s in ("paper", scale))
    first = event(cut)["periods"][0]
    assert event(cut)["periods"] == [first, 2 * first, 4 * first, 8 * first]
    then, now = happening(whole), happening(cut)
    note = SCALE_NOTES[scale].replace("reallocations ", "")
    assert f"{sum(now)} on {SHOWN[experiment]} for {sum(then)}" in note
    for a, b in zip(then, now, strict=True):
        assert b / sum(now) == pytest.approx(a / sum(then), abs=0.12)
    if (experiment, scale) == ("imagenet/dsr/80", "reduced"):
        assert sum(now) == pytest.approx(sum(then), rel=0.02)  # there are steps enough


def test_the_shortest_period_is_what_binds():
    for scale, cuts in (("demo", DEMO), ("reduced", REDUCED)):
        first = event(paper.at_scale("mnist/dsr/90", scale, 42))["periods"][0]
        assert first == cuts["lenet300"].shortest_period
