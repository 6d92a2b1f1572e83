"""Counts of the SynFlow code's networks (synflow sheet, section 2.7)."""

import pytest
import torch

from shared.errors import ReproError
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.accounting import layer_table, macs, parameter_count
from shared.sparsity.masks import prunable_parameters

LOTTERY = {"batchnorm": True, "last_pool": "average", "initial": "fan-in"}
TINY = {"initial": "fan-out", "identity_scale": "frozen"}
# name, width, size, classes, channels, options: parameters, prunable, tensors, multiply-adds
COUNTS = [
    (Model(name="fc", size=28, channels=1), (119910, 119400, 6, 119400)),
    (Model(name="conv", size=28, channels=1), (260458, 260384, 3, 7702016)),
    (Model(name="vgg16", options=LOTTERY | {"batchnorm": False}), (14719818, 14715584, 14, 313201664)),
    (Model(name="vgg11", classes=100, options=LOTTERY), (9277284, 9268928, 9, 152815616)),
    (Model(name="resnet20", options={"identity_scale": "frozen"}), (272714, 270896, 22, 40813184)),
    (Model(name="resnet20", width=2, options={"identity_scale": "frozen"}), (1085066, 1081440, 22, 162366720)),
    (Model(name="resnet110", options={"identity_scale": "frozen"}), (1732634, 1722416, 112, 253149824)),
    (Model(name="resnet18", options=TINY), (11174986, 11164352, 21, 555422720)),
    (Model(name="resnet50", options=TINY | {"inner_width": 2.0}), (66858314, 66778816, 54, 3684388864)),
    (
        Model(name="vgg11", size=64, classes=200, options={"initial": "torchvision", "hidden": 1024}),
        (12578760, 12568256, 11, 614408192),
    ),
    (
        Model(name="resnet50", size=224, classes=1000, options={"stem": "imagenet", "initial": "fan-out"}),
        (25557032, 25502912, 54, 4089184256),
    ),
]


@pytest.mark.parametrize(("model", "counts"), COUNTS, ids=lambda v: v.name if isinstance(v, Model) else "")
def test_counts_are_those_of_the_original(model: Model, counts: tuple[int, ...]) -> None:
    network = build(model)
    sizes = [p.numel() for p in prunable_parameters(network).values()]
    dense, _ = macs(layer_table(network, (model.channels, model.size, model.size)))
    assert (parameter_count(network), sum(sizes), len(sizes), dense) == counts


def test_identity_scales_start_at_one_and_are_trained_only_on_request() -> None:
    for kind, trained in (("frozen", False), ("trained", True)):
        network = build(Model(name="resnet20", options={"identity_scale": kind}))
        scales = [p for n, p in network.named_parameters() if n.endswith("shortcut.weight")]
        assert len(scales) == 7
        assert all(bool((p == 1).all()) and p.requires_grad == trained for p in scales)


def test_the_average_pool_replaces_the_last_maximum() -> None:
    kinds = [type(m).__name__ for m in build(Model(name="vgg16", options=LOTTERY)).modules()]
    assert (kinds.count("MaxPool2d"), kinds.count("AvgPool2d")) == (4, 1)


@pytest.mark.parametrize("options", [{"initial": "zeros"}, {"last_pool": "mean"}])
def test_unknown_values_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ReproError, match="is one of"):
        build(Model(name="vgg11", options=options))


def test_kaiming_weights_have_the_stated_spread() -> None:
    network = build(Model(name="vgg11", options=LOTTERY), torch.Generator().manual_seed(1))
    for name, parameter in prunable_parameters(network).items():
        expected = (2 / parameter[0].numel()) ** 0.5
        assert float(parameter.detach().std()) == pytest.approx(expected, rel=0.05), name
