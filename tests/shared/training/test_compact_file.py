"""A smaller network that is written down is rebuilt as the same network, or refused in one sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from shared.errors import ReproError
from shared.models.registry import build
from shared.protocol import Method, Model, Prune
from shared.sparsity.compaction import compacted, largest_difference
from shared.sparsity.widths import set_widths, widths_of
from shared.training import compact_file
from shared.training.compact_file import load_compacted, save_compacted
from shared.training.outcome import summarise, write_artifacts

MLP = Model(name="lenet300", width=0.2, channels=1, size=28)
NETWORKS = [
    MLP,
    Model(name="lenet5-caffe", width=0.4, channels=1, size=28),
    Model(name="cifar-resnet", width=0.5, options={"depth": 14}),
    Model(name="cifar-preresnet", width=0.5, options={"depth": 11, "block": "bottleneck"}),
    Model(name="cifar-vgg19", width=0.125),
    Model(name="cifar-resnext", width=0.125, options={"depth": 11, "cardinality": 2}),
    Model(name="cifar-densenet", options={"depth": 10}),
    Model(name="wide_resnet", width=0.5, options={"depth": 10, "dropout": 0.3}),
]


def pruned(model: nn.Module, seed: int = 0) -> nn.Module:
    """With used batch norms, and with two fifths of all outputs and channels 0."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(generator=g)
                module.running_var.uniform_(0.5, 2, generator=g)
                module.bias.normal_(generator=g)
        for p in model.parameters():
            if p.ndim > 1:
                p[torch.rand(p.shape[0], generator=g) < 0.4] = 0
                p[:, torch.rand(p.shape[1], generator=g) < 0.4] = 0
    return model.eval()


def images(spec: Model, dtype: torch.dtype = torch.float32) -> Tensor:
    g = torch.Generator().manual_seed(9)
    return torch.randn(3, spec.channels, spec.size, spec.size, generator=g, dtype=dtype)


def agrees(model: nn.Module, spec: Model, folder: Path) -> None:
    """Save and load, and compare with the smaller network to the bit and with the masked one up to rounding."""
    batch = images(spec, next(model.parameters()).dtype)
    small = compacted(model)
    save_compacted(small, spec, folder)
    again = load_compacted(folder)
    assert not again.training
    assert widths_of(again) == widths_of(small) != widths_of(model)
    with torch.no_grad():
        assert torch.equal(again(batch), small(batch))
    assert largest_difference(model, again, batch) < (1e-11 if batch.dtype == torch.float64 else 1e-4)
    assert [p.dtype for p in again.parameters()] == [p.dtype for p in model.parameters()]
    assert all(p.requires_grad for p in again.parameters())


@pytest.mark.parametrize("spec", NETWORKS, ids=lambda m: m.name)
@pytest.mark.parametrize("double", [False, True])
def test_what_is_loaded_is_what_was_saved(spec: Model, double: bool, tmp_path: Path) -> None:
    model = pruned(build(spec))
    agrees(model.double() if double else model, spec, tmp_path)


def test_networks_of_torchvision_are_rebuilt(
    thin_imagenet: Callable[[], nn.Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact_file, "build", lambda _: thin_imagenet())  # thin ones, which the registry does not have
    agrees(pruned(thin_imagenet()).double(), Model(name="imagenet-like", classes=7, size=64), tmp_path)


def test_widths_of_other_layers_are_refused() -> None:
    model = build(MLP)
    widths = widths_of(model)
    with pytest.raises(ReproError, match="not those of this network"):
        set_widths(model, {n: w for n, w in widths.items() if n != "fc1"})
    with pytest.raises(ReproError, match="positive integer"):
        set_widths(model, widths | {"fc1": {"inputs": 784, "outputs": 0}})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_compacted(compacted(pruned(build(MLP))), MLP, tmp_path)
    return tmp_path


def test_a_folder_without_the_files_says_who_writes_them(saved: Path) -> None:
    (saved / "compact.safetensors").unlink()
    with pytest.raises(ReproError, match=r"has no compact\.safetensors; runs that prune whole channels"):
        load_compacted(saved)
    (saved / "compact.json").unlink()
    with pytest.raises(ReproError, match=r"has no compact\.json"):
        load_compacted(str(saved))


def test_a_changed_byte_is_refused(saved: Path) -> None:
    path = saved / "compact.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ReproError, match="does not have the checksum"):
        load_compacted(saved)


def changed(folder: Path, **fields: Any) -> None:
    path = folder / "compact.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


WIDER = {name: dict(width) for name, width in widths_of(build(MLP)).items()}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"schema_version": 2}, "is not of schema version 1"),
        ({"layers": WIDER}, "the tensors are not of these widths"),
        ({"layers": {"fc1": {"inputs": 3, "outputs": 4}}}, "not those of this network's layers"),
        ({"layers": [1]}, "a field is missing or wrong"),
        ({"model": {"name": "no-such-network"}}, "no-such-network"),
        ({"model": None}, "a field is missing or wrong"),
        (
            {"model": {"name": "lenet300", "width": 0.2, "channels": 1, "size": 28, "colour": "red"}},
            "does not describe",
        ),
    ],
)
def test_a_description_of_something_else_is_refused(fields: dict[str, Any], words: str, saved: Path) -> None:
    changed(saved, **fields)
    with pytest.raises(ReproError, match=words):
        load_compacted(saved)


def test_a_description_that_is_no_json_is_refused(saved: Path) -> None:
    (saved / "compact.json").write_text('{"schema_version": 1,')
    with pytest.raises(ReproError, match=r"compact\.json .* cannot be read"):
        load_compacted(saved)


PHASES = (
    Prune(
        method=Method(name="prune-by-threshold", options={"rule": "std-ratio", "threshold": 1.6, "mask": "explicit"})
    ),
    Prune(name="compact", method=Method(name="measure-compact")),
)


def kept(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content of the two files, and which files of the disk they are."""
    return {p.name: (p.read_bytes(), p.stat().st_ino) for p in folder.glob("compact.*")}


def test_a_structural_run_keeps_its_smaller_network_and_writes_it_once(make_engine: Callable[..., Any]) -> None:
    spec = Model(name="lenet300", width=0.1, channels=1, size=8)
    plan = make_engine().protocol
    plan = plan.with_(model=spec, phases=(plan.phases[0].model_copy(update={"methods": (), "epochs": 1}), *PHASES))
    engine = make_engine(plan, "structural")
    write_artifacts(engine, summarise(engine, engine.run()))
    folder = engine.directory.path
    first = kept(folder)
    assert set(first) == {"compact.safetensors", "compact.json"}
    sizes = engine.extra["compact"]["after"]
    assert len(first["compact.safetensors"][0]) == sizes["bytes"] == json.loads(first["compact.json"][0])["bytes"]
    assert sizes["bytes"] < engine.extra["compact"]["before"]["bytes"]
    small = load_compacted(folder)
    assert sum(p.numel() for p in small.parameters()) == sizes["parameters"]
    assert largest_difference(engine.state.model, small, images(spec)) < 1e-4

    resumed = make_engine(plan, "structural")
    write_artifacts(resumed, summarise(resumed, resumed.run()))
    assert kept(folder) == first
    (folder / "compact.safetensors").write_bytes(b"half")
    write_artifacts(resumed, summarise(resumed, "finished"))
    assert {n: content for n, (content, _) in kept(folder).items()} == {n: c for n, (c, _) in first.items()}
    assert not list(folder.glob(".*.tmp"))

    plain = make_engine(plan.with_(phases=plan.phases[:-1]), "plain")
    write_artifacts(plain, summarise(plain, plain.run()))
    assert not kept(plain.directory.path)
