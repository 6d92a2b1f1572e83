"""Gradient noise with stated draws against the original code."""

import conventions as c
import pytest
import torch

from shared.draws import ReplayedDraws
from shared.sparsity.noise import add_noise_, noise_sigma

CASES = c.load("flipout")


def noisy(given, **options):
    """Sigmas by noisy tensor, and all gradients after masking, noise and masking again."""
    model = c.network(given)
    masks = c.masks(model)
    named = dict(model.named_parameters())
    for name, rule in given["masked_where"].items():
        i = torch.arange(named[name].numel())
        masks.set({name: ~c.formula(rule, i=i).view_as(named[name])})
    for name, spec in given["gradients_before_masking"].items():
        named[name].grad = c.tensor(spec)
    masks.apply_to_gradients()
    gradients = [named[n].grad for n in given["noisy_tensors"]]
    draws = ReplayedDraws({"gradient-noise": c.draws_source(given["draws_of_noisy_tensor_l"])})
    noise = [draws.normal(g, "gradient-noise", index=i) for i, g in enumerate(gradients)]
    sigmas = noise_sigma(gradients, **options)
    add_noise_(gradients, noise, **options)
    masks.apply_to_gradients()
    return dict(zip(given["noisy_tensors"], sigmas, strict=True)), {n: p.grad for n, p in named.items()}


@pytest.mark.parametrize("case_id", ["gradient-noise-all-parameters", "gradient-noise-prunable-only"])
def test_noise_per_tensor(case_id):
    case = CASES[case_id]
    sigma, after = noisy(case["inputs"], scale=case["inputs"]["scale"])
    c.close({"sigma": sigma, "gradients_after": after}, case["expected"], case["tolerance"])


def test_empty_layer_gets_no_noise_and_no_nan():
    case = CASES["gradient-noise-empty-layer"]
    sigma, after = noisy(case["inputs"], scale=case["inputs"]["scale"])
    sums = {n: g.abs().sum() for n, g in after.items()}
    c.close({"sigma": sigma, "abs_sum_of_gradients_after": sums}, case["expected"], case["tolerance"])


def test_historical_modes():
    case = CASES["gradient-noise-historical-modes"]
    given = case["inputs"]
    s, ratio = given["scale"], given["initial_learning_rate"] / given["current_learning_rate"]
    modes = {
        "global_noise": {"scale": s, "together": True},
        "scale_noise_by_lr": {"scale": s * ratio},
        "both": {"scale": s * ratio, "together": True},
    }
    found = {}
    for mode, options in modes.items():
        sigma, after = noisy(given, **options)
        values = list(sigma.values())
        found[mode] = {
            "sigma": [x.item() for x in (values[:1] if "together" in options else values)],
            "gradient_checksums": {n: c.checksum(g) for n, g in after.items()},
        }
    c.close(found, case["expected"], case["tolerance"])
