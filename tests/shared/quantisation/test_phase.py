import json

import pytest
import torch
from torch import nn

from shared.draws import KeyedDraws
from shared.models.layers import sequential
from shared.protocol import Data, Model, Protocol, Quantise
from shared.quantisation.phase import count_correct, run_quantise_phase
from shared.sparsity.masks import Masks, prunable_parameters
from shared.training.state import Batch, State

SPEC = Quantise(weight_observer="per-channel-minmax", activation_observer="histogram", weight_scheme="symmetric")


@pytest.fixture
def state() -> State:
    network = sequential(
        [{"type": "linear", "in": 6, "out": 16}, {"type": "relu"}, {"type": "linear", "in": 16, "out": 4}]
    )
    protocol = Protocol(
        paper="toy", model=Model(name="lenet300"), data=Data(name="digits"), phases=(SPEC,), seed=0, precision="float64"
    )
    masks = Masks(prunable_parameters(network))
    return State(protocol, network.double(), masks, KeyedDraws(0), torch.device("cpu"))


def batches(network: nn.Module, generator, n: int):
    """Batches labelled by the network itself, so that it is always right."""
    for _ in range(n):
        images = torch.randn(50, 6, generator=generator, dtype=torch.float64)
        yield Batch(images, network(images).argmax(1))


def test_the_phase_reports_exact_counts_and_sizes(state, generator):
    calibration, test = batches(state.model, generator, 3), batches(state.model, generator, 4)
    outcome = run_quantise_phase(state, SPEC, calibration, test)
    assert json.loads(json.dumps(outcome)) == outcome
    assert outcome["float"] == {"correct": 200, "total": 200}
    assert outcome["int8"]["total"] == 200
    assert 180 <= outcome["int8"]["correct"] <= 200
    weights, biases = 6 * 16 + 16 * 4, 16 + 4
    assert outcome["size_bytes_float"] == 4 * (weights + biases)
    scales_and_zero_points = (16 + 4) * (4 + 8)
    assert outcome["size_bytes_int8"] == weights + 4 * biases + scales_and_zero_points


def test_the_network_of_the_run_keeps_its_dtype_and_mode(state, generator):
    run_quantise_phase(state, SPEC, batches(state.model, generator, 1), batches(state.model, generator, 1))
    assert state.model.training
    assert all(p.dtype == torch.float64 for p in state.model.parameters())


def test_counts_are_sums_over_unequal_batches_and_ties_go_to_the_first_class():
    logits = torch.tensor([[1.0, 1.0], [0.0, 1.0], [2.0, 1.0]])
    two = [Batch(logits[:2], torch.tensor([0, 1])), Batch(logits[2:], torch.tensor([1]))]
    assert count_correct({"identity": nn.Identity()}, iter(two)) == {"identity": {"correct": 2, "total": 3}}
