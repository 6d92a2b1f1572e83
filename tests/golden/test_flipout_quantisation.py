"""Parity of post-training quantisation with the original's script (flipout sheet, section 4.11)."""

import re
from itertools import pairwise

import conventions
import pytest
import torch
from torch import Tensor, nn

from shared.models.vgg import network as vgg_network
from shared.protocol import Quantise
from shared.quantisation.observers import observer
from shared.quantisation.quantise import quantise

CASES = conventions.load("flipout")
NAMES = {
    "minmax": "minmax",
    "ma-minmax": "moving-average-minmax",
    "pc-minmax": "per-channel-minmax",
    "ma-pc-minmax": "moving-average-per-channel-minmax",
    "hist": "histogram",
}
LIMITS = {"weight": (-128, 127, torch.int8), "activation": (0, 255, torch.uint8)}
integers = torch.ops.quantized_decomposed
PARAMETERS = CASES["quantisation-parameters"]
BATCHES = CASES["quantisation-observers-over-batches"]
VGG = CASES["post-training-quantisation-thin-vgg"]
VGG_RUNS = [name for name in VGG["expected"] if name != "float_logits"]


def rounded(x: Tensor, scale: Tensor, zero: Tensor, role: str) -> Tensor:
    """The integers that a quantised network computes with; per channel (axis 0) for several scales."""
    if scale.numel() > 1:
        return integers.quantize_per_channel(x, scale, zero, 0, *LIMITS[role])
    return integers.quantize_per_tensor(x, float(scale), int(zero), *LIMITS[role])


@pytest.mark.parametrize("key", PARAMETERS["expected"])
def test_scales_zero_points_and_integers_are_the_originals(key):
    role, name, scheme = key.split("/")
    tolerance = {**PARAMETERS["tolerance"], "integers": 0}
    inputs = PARAMETERS["inputs"]
    for spec, expected in zip(inputs["tensors"], PARAMETERS["expected"][key], strict=True):
        x = conventions.tensor(spec, conventions.dtype_of(inputs))
        watch = observer(NAMES[name], role, scheme)
        watch(x)
        scale, zero = watch.calculate_qparams()
        conventions.close(scale, expected["scale"], tolerance)
        conventions.close(zero, expected["zero_point"], tolerance)
        off = rounded(x, scale, zero, role).flatten().int() - torch.tensor(expected["quantised"])
        steps = (x.double() / scale.double().view(-1, *[1] * (x.dim() - 1))).flatten()
        half_way = ((steps - steps.floor()) - 0.5).abs() < 1e-4
        assert torch.all(off.abs() <= half_way.int())


@pytest.mark.parametrize("key", BATCHES["expected"])
def test_observers_over_batches_follow_the_originals(key):
    name, scheme, of_weights = re.fullmatch(r"([\w-]+)/(\w+)( \(qint8\))?", key).groups()
    watch = observer(NAMES[name], "weight" if of_weights else "activation", scheme)
    inputs = BATCHES["inputs"]
    for spec, (scale, zero) in zip(inputs["batches"], BATCHES["expected"][key], strict=True):
        watch(conventions.tensor(spec, conventions.dtype_of(inputs)))
        found = watch.calculate_qparams()
        as_list = (lambda v: v) if of_weights else (lambda v: [v])
        conventions.close(found[0], as_list(scale), BATCHES["tolerance"])
        conventions.close(found[1], as_list(zero), BATCHES["tolerance"])


@pytest.fixture(scope="module")
def thin_vgg() -> nn.Module:
    inputs = VGG["inputs"]
    network = vgg_network(inputs["network"]["features"], channels=3, classes=10)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            spec = inputs["parameters"][name]
            one, spec = (1, spec["one_plus"]) if "one_plus" in spec else (0, spec)
            parameter.copy_(one + conventions.tensor(spec))
        for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
            shape = [norm.num_features]
            norm.running_mean.copy_(conventions.tensor(inputs["batchnorm_running_mean"], shape=shape))
            found = re.fullmatch(
                r"([\d.]+) \+ ([\d.]+)\*sin\(([\d.]+)\*i \+ ([\d.]+)\)", inputs["batchnorm_running_var"]
            )
            base, scale, a, b = map(float, found.groups())
            norm.running_var.copy_(base + conventions.wave(shape, a, b, scale))
    return network.eval()


def as_protocol(name: str) -> Quantise:
    """``"weight minmax/symmetric, activation hist/affine"`` as a phase."""
    weight, weight_scheme, activation, scheme = re.fullmatch(r"weight (.+)/(.+), activation (.+)/(.+)", name).groups()
    return Quantise(
        weight_observer=NAMES[weight],
        activation_observer=NAMES[activation],
        scheme=scheme,
        weight_scheme=None if weight_scheme == scheme else weight_scheme,
    )


def grids(network: nn.Module) -> list[tuple[float, int]]:
    """Scale and zero point of each rounding of an activation, in order, without repetition."""
    quantise_op = integers.quantize_per_tensor.default
    found = [tuple(n.args[1:3]) for n in network.program.graph.nodes if n.target is quantise_op]
    return found[:1] + [after for before, after in pairwise(found) if after != before]


def test_the_float_network_is_the_originals(thin_vgg):
    images = conventions.tensor(VGG["inputs"]["test_images"], torch.float32)
    conventions.close(thin_vgg(images), VGG["expected"]["float_logits"], {"rtol": 1e-4, "atol": 1e-6})


@pytest.mark.parametrize("name", VGG_RUNS)
def test_the_quantised_network_is_the_originals(name, thin_vgg):
    expected = VGG["expected"][name]
    calibration = [conventions.tensor(b, torch.float32) for b in VGG["inputs"]["calibration_batches"]]
    network = quantise(thin_vgg, calibration, as_protocol(name))

    layers = dict(expected["output_scale_and_zero_point"])
    in_order = [layers.pop("quant"), *layers.values()]
    conventions.close(grids(network), in_order, {**VGG["tolerance"], "integers": 0})

    logits = network(conventions.tensor(VGG["inputs"]["test_images"], torch.float32)).flatten()
    steps = (logits - torch.tensor(expected["logits"])).abs() / expected["final_step"]
    assert float(steps.max()) <= 2
