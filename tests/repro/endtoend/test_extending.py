"""docs/extending.md is true: its blocks work as they stand."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from shared.data import sources
from shared.models import registry
from shared.protocol import Data, Model


@pytest.fixture
def block(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The block that begins with the name of a file, as the module of that file."""

    def load(file: str) -> ModuleType:
        blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", (root / "docs" / "extending.md").read_text(), flags=re.S)
        name = file.removesuffix(".py").replace("/", ".")
        module = ModuleType(name)
        exec(compile(dict(blocks)[file], file, "exec"), module.__dict__)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return load


def test_a_method_of_your_own(root: Path, tmp_path: Path) -> None:
    from shared.draws import KeyedDraws
    from shared.outside import read
    from shared.sparsity.masks import Masks, prunable_parameters
    from shared.training.components.outside import OutsidePenalty, outside_watch
    from shared.training.outside_scores import scores
    from shared.training.state import State

    blocks = re.findall(
        r"```python\n# my_method.py\n(.*?)```", (root / "docs" / "extending.md").read_text(), flags=re.S
    )
    file = tmp_path / "my_method.py"
    file.write_text(blocks[0])
    plan: Any = None
    model = registry.build(Model(name="lenet300", channels=1, size=8))
    masks = Masks(prunable_parameters(model))
    state = State(plan, model, masks, KeyedDraws(1), torch.device("cpu"))
    means = [s.mean() for s in scores(state, **read(f"{file}:relative").options).split(masks.sizes)]  # type: ignore[arg-type]
    assert means == pytest.approx([1.0] * 3, abs=1e-5)
    moves: dict[str, Any] = dict(read(f"{file}:Movement").options)
    watch = outside_watch(**moves)
    watch.start(state)
    for parameter in masks.parameters.values():
        parameter.grad = torch.full_like(parameter, -2.0)
    watch.before_step(state)
    watch.before_step(state)
    assert torch.allclose(scores(state, **moves), 4 * masks.flat_weights())
    squares: dict[str, Any] = dict(read(f"{file}:square", {"strength": 0.5}).options)
    penalty = OutsidePenalty(**squares).penalty(state)
    assert penalty.item() == pytest.approx(0.5 * float(masks.flat_weights().square().sum()), rel=1e-5)


def test_the_places_that_the_text_names_are_those_of_the_papers(root: Path) -> None:
    from repro.registry import load

    text = (root / "docs" / "extending.md").read_text()
    rows = re.findall(r"^\| (\w+)[^|]*\| [^|]+ \| [^|]+ \|$", text, flags=re.M)
    assert {r for r in rows if r != "paper"} == {"flipout", "dsr", "random_tickets", "synflow", "hoyer"}
    for paper in set(rows) - {"paper"}:
        assert load(paper).entries


def test_a_criterion(block: Any) -> None:
    from types import SimpleNamespace

    from shared.errors import ReproError
    from shared.sparsity.masks import Masks, prunable_parameters
    from shared.training.components import build, resolve

    block("my_criteria.py")
    own = {"prune": "my_criteria:prune"}
    masks = Masks(prunable_parameters(registry.build(Model(name="lenet300", channels=1, size=8))))
    state: Any = SimpleNamespace(masks=masks, epoch=2, phase=SimpleNamespace(epochs=4), events=[])
    weights = masks.flat_weights().abs()
    resolve("prune", own)("largest", 2, fraction=0.25).after_epoch(state)
    assert masks.remaining == masks.total - masks.total // 4
    assert weights[masks.flat()].max() <= weights[~masks.flat()].min()
    assert state.events[0]["prune"] == "largest"
    from shared.protocol import Method

    with pytest.raises(ReproError, match="refuses its options"):
        build((Method(name="prune", options={"criterion": "largest", "interval": 2, "speed": 1}),), own)


def test_a_network(block: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.errors import ReproError

    block("shared/models/perceptron.py")
    monkeypatch.setitem(registry.NETWORKS, "perceptron", "shared.models.perceptron:perceptron")
    model = registry.build(Model(name="perceptron", width=0.5, channels=1, size=8, options={"depth": 2}))
    assert [tuple(p.shape) for p in model.parameters() if p.ndim == 2] == [(32, 64), (32, 32), (10, 32)]
    assert model(torch.zeros(3, 1, 8, 8)).shape == (3, 10)
    again = registry.build(Model(name="perceptron", width=0.5, channels=1, size=8, options={"depth": 2}))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    with pytest.raises(ReproError, match="depth"):
        registry.build(Model(name="perceptron", options={"dept": 2}))


def test_a_data_set(block: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.errors import MissingDataError

    block("shared/data/npz.py")
    monkeypatch.setenv("REPRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("REPRO_DATA", raising=False)
    source = sources.Source("26 letters", "letters.npz", ("npz:find",))
    monkeypatch.setattr(sources, "SOURCES", {**sources.SOURCES, "letters": source})
    with pytest.raises(MissingDataError, match=r"looked for letters\.npz"):
        sources.load(Data(name="letters"), tmp_path)
    images = np.arange(52 * 16, dtype=np.uint8).reshape(52, 4, 4)
    labels = np.arange(52) % 26
    np.savez(tmp_path / "letters.npz", x_train=images, y_train=labels, x_test=images[:26], y_test=labels[:26])
    splits = sources.load(Data(name="letters"), tmp_path)
    assert (len(splits.train), len(splits.test), splits.train.classes) == (52, 26, 26)
    assert torch.equal(splits.train.images[:, 0], torch.from_numpy(images))
    assert sources.present(Data(name="letters"), tmp_path)


def test_the_files_that_the_text_names_exist(root: Path) -> None:
    text = (root / "docs" / "extending.md").read_text()
    named = set(re.findall(r"`((?:shared|examples|tests)/[\w/.]+)`", text))
    assert len(named) >= 5
    assert [name for name in named if not (root / name).exists()] == []
