"""That both loops do the same work and the report has its fields; never how long it took."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from repro.bench.cases import CPU, CUDA, FLIPOUT, cases
from repro.bench.engine import EngineLoop
from repro.bench.measure import Result, measure
from repro.bench.plain import PlainLoop
from repro.cli import main
from repro.registry import load

CPU_DEVICE = torch.device("cpu")
OWN = load("flipout").components
LENET = replace(CPU[0], model=CPU[0].model.model_copy(update={"width": 0.1}), batch=8, steps=3, quick_steps=2)
RESNET = replace(CPU[1], model=CPU[1].model.model_copy(update={"width": 0.0625}), batch=4, steps=2, quick_steps=1)


@pytest.mark.parametrize("case", [LENET, RESNET])
def test_both_loops_train_the_same_number_of_samples_on_the_same_network(case):
    plain, engine = PlainLoop(case, 3, CPU_DEVICE), EngineLoop(case.protocol(FLIPOUT), 3, CPU_DEVICE, OWN)
    shapes = {n: p.shape for n, p in plain.network.named_parameters()}
    assert shapes == {n: p.shape for n, p in engine.state.model.named_parameters()}
    before = [p.detach().clone() for p in (*plain.network.parameters(), *engine.state.parameters)]
    assert plain.epoch()[0] == engine.epoch()[0] == 3 * case.batch
    after = [*plain.network.parameters(), *engine.state.parameters]
    assert not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert engine.state.step == 4


def test_a_result_holds_what_it_says(monkeypatch):
    monkeypatch.setattr("repro.bench.measure.MATRIX", 64)
    threads = torch.get_num_threads()
    result = measure(LENET, CPU_DEVICE, OWN, quick=True, cores=2)
    assert torch.get_num_threads() == threads
    assert (result.samples, result.threads, result.plain_threads) == (2 * LENET.batch, 1, 2)
    assert result.epoch_seconds == pytest.approx(60_000 / result.dense)
    assert 1 <= result.rounds <= 2
    macs = 784 * 30 + 30 * 10 + 10 * 10
    assert result.gflops == pytest.approx(6 * macs * result.dense / 1e9)
    assert all(v > 0 for v in (result.plain, result.dense, result.flipout, result.ratio, result.of_matmul))


def test_quick_leaves_out_what_takes_minutes():
    assert {c.name for c in cases("cpu")} - {c.name for c in cases("cpu", quick=True)} == {"VGG19, CIFAR-10"}
    assert cases("cuda:0") == CUDA
    assert {c.precision for c in CUDA} == {"bf16", "tf32", "float32"}


def test_the_command_reports_the_chosen_case_and_refuses_others(monkeypatch, capsys):
    monkeypatch.setattr("repro.bench.measure.measure", lambda case, *_, **__: Result(case.name, *[1] * 14))
    for words, code in ((["--case", "lenet", "--json"], 0), (["--case", "lenet"], 0), (["--case", "lenett"], 2)):
        with pytest.raises(SystemExit) as left:
            main(["bench", "--device", "cpu", *words])
        assert (left.value.code or 0) == code
        said = capsys.readouterr()
        if "--json" in words:
            document = json.loads(said.out)
            assert (document["schema_version"], document["kind"]) == (1, "bench")
            assert [set(r) for r in document["results"]] == [set(Result.__dataclass_fields__)]
        elif code:
            assert "There is no case 'lenett'" in said.err
        else:
            assert "LeNet-300-100" in said.out
