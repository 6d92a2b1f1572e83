"""The registry of networks: names, options, growth, and the counts of flipout sheet, section 2."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from shared.errors import ReproError
from shared.models import registry
from shared.protocol import Model
from shared.sparsity.masks import NORMS, prunable_parameters

# network: parameters, prunable, prunable tensors, all tensors, BN layers, BN parameters, conv and linear biases
COUNTS = {
    "vgg11": (9231114, 9222848, 9, 34, 8, 5504, 2762),
    "vgg13": (9416010, 9407168, 11, 42, 10, 5888, 2954),
    "vgg16": (14728266, 14715584, 14, 54, 13, 8448, 4234),
    "vgg19": (20040522, 20024000, 17, 66, 16, 11008, 5514),
    "resnet18": (11173962, 11164352, 21, 62, 20, 9600, 10),
    "resnet34": (21282122, 21265088, 37, 110, 36, 17024, 10),
    "resnet50": (23520842, 23467712, 54, 161, 53, 53120, 10),
    "resnet101": (42512970, 42407616, 105, 314, 104, 105344, 10),
    "resnet152": (58156618, 58005184, 156, 467, 155, 151424, 10),
    "densenet121": (6964106, 6880448, 121, 364, 121, 83648, 10),
    "lenet300": (338610, 338200, 3, 6, 0, 0, 410),
    "lenet5": (61706, 61470, 5, 10, 0, 0, 236),
    "conv6": (2262602, 2261184, 9, 18, 0, 0, 1418),
}
Published = Callable[[str], Model]


def test_the_networks_of_the_sheet_have_names() -> None:
    assert set(COUNTS) <= set(registry.names())


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_those_of_the_original(name: str, published: Published) -> None:
    network = registry.build(published(name))
    sizes = [p.numel() for p in network.parameters()]
    prunable = [p.numel() for p in prunable_parameters(network).values()]
    norms = [m for m in network.modules() if isinstance(m, NORMS)]
    norm_parameters = sum(p.numel() for m in norms for p in m.parameters())
    biases = sum(sizes) - sum(prunable) - norm_parameters
    assert COUNTS[name] == (sum(sizes), sum(prunable), len(prunable), len(sizes), len(norms), norm_parameters, biases)
    assert {(m.eps, m.momentum) for m in norms} <= {(1e-5, 0.1)}


@pytest.mark.parametrize("name", COUNTS)
def test_every_network_runs_and_learns_in_thin_form(name: str) -> None:
    model = Model(name=name, width=0.05, classes=7, channels=2, size=32)
    network = registry.build(model)
    images = torch.randn(3, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    logits = network(images)
    logits.logsumexp(1).sum().backward()
    assert logits.shape == (3, 7)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.parametrize("name", COUNTS)
def test_building_leaves_the_global_generator_alone_and_depends_on_the_given_one(name: str) -> None:
    model = Model(name=name, width=0.1)
    before = torch.get_rng_state()
    a, b, c = (registry.build(model, torch.Generator().manual_seed(s)).state_dict() for s in (42, 42, 43))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a[k], b[k]) for k in a)
    random = [k for k in a if a[k].dim() > 1]
    assert random
    assert not any(torch.equal(a[k], c[k]) for k in random)


def test_an_unknown_network_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(ReproError, match=r"no network 'resnet19'; did you mean .*resnet18"):
        registry.build(Model(name="resnet19"))


def test_an_option_that_would_be_ignored_is_refused() -> None:
    with pytest.raises(ReproError, match="lenet5 has no options, so 'dropout' would have no effect"):
        registry.build(Model(name="lenet5", options={"dropout": 0.5}))


@pytest.mark.parametrize(("name", "least"), [("vgg19", 32), ("lenet5", 32), ("densenet121", 29), ("conv6", 8)])
def test_the_smallest_size_works_and_one_pixel_less_is_refused(name: str, least: int) -> None:
    network = registry.build(Model(name=name, width=0.1, size=least)).eval()
    assert network(torch.zeros(1, 3, least, least)).shape == (1, 10)
    with pytest.raises(ReproError, match=f"at least {least} pixels"):
        registry.build(Model(name=name, width=0.1, size=least - 1))


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("resnet18", (8, 12, 64)),
        ("resnet50", (8, 64)),
        ("lenet300", (8, 28)),
        ("conv6", (16, 28)),
        ("vgg11", (33, 64)),
        ("lenet5", (40,)),
        ("densenet121", (64,)),
    ],
)
def test_other_sizes_work(name: str, sizes: tuple[int, ...]) -> None:
    for size in sizes:
        network = registry.build(Model(name=name, width=0.1, size=size)).eval()
        assert network(torch.zeros(2, 3, size, size)).shape == (2, 10)


def test_a_new_family_is_one_file_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toy_family.py").write_text(
        "from shared.models.layers import sequential\n"
        "def toy(model, generator, *, bias=True):\n"
        "    fields = {'in': model.channels * model.size**2, 'out': model.classes, 'bias': bias}\n"
        "    return sequential([{'type': 'flatten'}, {'type': 'linear', **fields}], generator)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.NETWORKS, "toy", "toy_family:toy")
    assert "toy" in registry.names()
    network = registry.build(Model(name="toy", size=4, options={"bias": False}))
    assert isinstance(network, nn.Sequential)
    assert [tuple(p.shape) for p in network.parameters()] == [(10, 48)]
    with pytest.raises(ReproError, match="no option of toy 'biass'; did you mean bias"):
        registry.build(Model(name="toy", size=4, options={"biass": False}))


def test_listing_names_imports_no_torch() -> None:
    code = "import sys; from shared.models.registry import names; names(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
