import copy

import pytest
import torch
from torch import Tensor, nn

from shared.errors import ReproError
from shared.models.densenet import network as dense_network
from shared.models.layers import sequential
from shared.models.registry import build
from shared.protocol import Model, Quantise
from shared.quantisation.quantise import quantise, size_bytes

NETWORKS = {
    "vgg": lambda: build(Model(name="vgg11", width=0.05)),
    "resnet": lambda: build(Model(name="resnet18", width=0.05)),
    "densenet": lambda: dense_network((2, 2), stem=8, growth=4, channels=3, classes=10),
    "lenet": lambda: build(Model(name="lenet5")),
}
SMALL = [
    {"type": "conv", "in": 3, "out": 6, "kernel": 3, "bias": False},
    {"type": "batchnorm", "channels": 6},
    {"type": "relu"},
    {"type": "avgpool", "kernel": 6},
    {"type": "flatten"},
    {"type": "linear", "in": 6, "out": 4},
]


def images(generator, n: int = 4, side: int = 8) -> Tensor:
    return torch.randn(n, 3, side, side, generator=generator)


@pytest.fixture
def small(settled) -> nn.Module:
    return settled(sequential(SMALL))


def int8_weights(network: nn.Module) -> list[Tensor]:
    return [b for b in network.buffers() if b.dtype == torch.int8]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_family_keeps_its_logits_to_eight_bits(name, settled, generator):
    network = settled(NETWORKS[name]())
    x = images(generator, 16, 32)
    network.train()
    for _ in range(40):
        network(x)  # running statistics of these images, so that deep layers still tell them apart
    network.eval()
    result = quantise(network, [x], Quantise(weight_observer="per-channel-minmax"))
    exact, rounded = network(x).detach(), result(x)
    exact, rounded = exact - exact.mean(0), rounded - rounded.mean(0)  # what tells images apart
    assert torch.corrcoef(torch.stack([exact.flatten(), rounded.flatten()]))[0, 1] > 0.9
    assert len(int8_weights(result)) == sum(isinstance(m, nn.Conv2d | nn.Linear) for m in network.modules())
    assert size_bytes(result) < 0.45 * size_bytes(network)


def test_logits_are_at_most_256_different_numbers(small, generator):
    network = quantise(small, [images(generator)], Quantise())
    assert 50 < len(network(images(generator, 500)).unique()) <= 256


def test_any_batch_size_gives_each_image_the_same_logits(small, generator):
    x = images(generator, 7)
    network = quantise(small, [x[:1]], Quantise())
    torch.testing.assert_close(torch.cat([network(x[:1]), network(x[1:])]), network(x), rtol=0, atol=0)


def test_the_given_network_is_left_as_it_was(small, generator):
    small.train()
    before = copy.deepcopy(small.state_dict())
    quantise(small, [images(generator)], Quantise())
    assert small.training
    assert all(torch.equal(before[k], v) for k, v in small.state_dict().items())


def test_pruned_weights_stay_exactly_zero(small, generator):
    with torch.no_grad():
        small[0].weight[torch.rand(small[0].weight.shape, generator=generator) < 0.7] = 0
    weight = small[0].weight
    first = int8_weights(quantise(small, [images(generator)], Quantise(weight_scheme="symmetric")))[0]
    assert torch.all(first[weight == 0] == 0)
    assert int((first == 0).sum()) < weight.numel()


def test_batchnorm_is_not_folded_into_the_convolution(small, generator):
    weight = small[0].weight.detach()
    first = int8_weights(quantise(small, [images(generator)], Quantise(weight_scheme="symmetric")))[0]
    step = weight.abs().max() / 127.5
    torch.testing.assert_close(first * step, weight, rtol=0, atol=float(step))


def test_calibration_order_matters_to_moving_averages_only(small, generator):
    calm, wild = images(generator), 5 * images(generator)

    def logits(observer: str, *batches: Tensor) -> Tensor:
        return quantise(small, batches, Quantise(activation_observer=observer))(calm)

    assert torch.equal(logits("minmax", calm, wild), logits("minmax", wild, calm))
    moving = "moving-average-minmax"
    assert not torch.equal(logits(moving, calm, wild), logits(moving, wild, calm))


def test_the_quantised_network_has_no_training_mode_and_no_trainable_parameter(small, generator):
    network = quantise(small, [images(generator)], Quantise())
    x = images(generator)
    assert torch.equal(network.train()(x), network.eval()(x))
    assert not any(p.requires_grad for p in network.parameters())


def test_without_calibration_images_it_is_refused(small):
    with pytest.raises(ReproError, match="calibration set is empty"):
        quantise(small, [], Quantise())


def test_a_wrong_observer_is_refused_before_calibration_is_read(small):
    def unread():
        pytest.fail("calibration data were read")
        yield

    with pytest.raises(ReproError, match="weights only"):
        quantise(small, unread(), Quantise(activation_observer="per-channel-minmax"))


def test_a_diverged_network_is_refused(small, generator):
    with torch.no_grad():
        small[5].bias[0] = float("nan")
    with pytest.raises(ReproError, match="diverged"):
        quantise(small, [images(generator)], Quantise())
