"""SynFlow with gradients that training left behind, against what the original's autograd does with them."""

import torch
from torch import nn

from shared.sparsity.synflow import flow_and_scores


class Masked(nn.Module):
    """A linear layer that multiplies its stored weight by a mask in every forward pass, as the original's layers do."""

    def __init__(self, weight, mask):
        super().__init__()
        self.weight, self.mask = nn.Parameter(weight.clone()), mask

    def forward(self, x):
        return x @ (self.weight * self.mask).T


def test_left_over_gradients_count_for_masked_weights_too():
    generator = torch.Generator().manual_seed(3)
    network = nn.Sequential(nn.Linear(5, 4, bias=False), nn.ReLU(), nn.Linear(4, 3, bias=False)).double()
    weights = {n: p.detach() for n, p in network.named_parameters()}
    live = {n: torch.rand(w.shape, generator=generator) < 0.6 for n, w in weights.items()}
    stale = {n: torch.randn(w.shape, generator=generator, dtype=torch.float64) for n, w in weights.items()}
    names = list(weights)
    theirs = nn.Sequential(*(Masked(weights[n].abs(), live[n].double()) for n in names))
    for layer, name in zip(theirs, names, strict=True):
        layer.weight.grad = stale[name].clone()
    theirs(torch.ones(1, 5, dtype=torch.float64)).sum().backward()
    expected = torch.cat([(layer.weight.grad * layer.weight).detach().abs().flatten() for layer in theirs])
    _, found = flow_and_scores(network, weights, (5,), live=live, stale=stale)
    torch.testing.assert_close(found, expected)
    assert float(found[~torch.cat([m.flatten() for m in live.values()])].min()) > 0
    _, clean = flow_and_scores(network, weights, (5,), live=live)
    assert not bool(clean[~torch.cat([m.flatten() for m in live.values()])].any())
