"""SNIP: the examples of the flipout sheet 7.8, and what it must leave alone."""

import pytest
import torch
from torch import nn

from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.models.layers import sequential
from shared.sparsity import snip
from shared.sparsity.masks import prunable_parameters

W1 = [[0.5, -0.1], [0.3, -0.8], [0.02, 0.6]]
W2 = [[0.4, -0.05, 0.2], [-0.9, 0.25, 0.07]]
IMAGES = torch.tensor([[1, 2], [0.5, -1], [-1, 1.5], [2, 0.25]], dtype=torch.float64)
LABELS = torch.tensor([0, 1, 1, 0])


def tiny():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    with torch.no_grad():
        for layer, weights in ((model[0], W1), (model[2], W2)):
            layer.weight.copy_(torch.tensor(weights, dtype=torch.float64))
            layer.bias.zero_()
    return model, prunable_parameters(model)


def conv():
    model = sequential(
        [
            {"type": "conv", "in": 2, "out": 4, "kernel": 3},
            {"type": "batchnorm", "channels": 4},
            {"type": "relu"},
            {"type": "flatten"},
            {"type": "linear", "in": 64, "out": 3},
        ]
    )
    images = torch.randn(5, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    return model, prunable_parameters(model), images, torch.tensor([0, 1, 2, 0, 1])


def kept(live):
    return live.nonzero().reshape(-1).tolist()


def test_published_loss_scores_and_keep_sets():
    model, params = tiny()
    scores, loss = snip.snip_scores(model, params, IMAGES, LABELS, loss="log-likelihood-of-logits")
    assert float(loss) == pytest.approx(-0.18902502, abs=3e-8)  # the sheet is float32
    expected = [0.09375, 0.045, 0.001875, 0.0525, 0.00265, 0.08325, 0.1275, 0.005, 0.0705, 0.07875, 0.059375, 0.0154]
    assert scores.tolist() == pytest.approx(expected)
    assert kept(snip.keep_published(scores, 0.5)) == [0, 5, 6, 8, 9, 10]
    assert kept(snip.keep_published(scores, 0.75)) == [0, 5, 6]
    assert kept(snip.keep_published(scores, 0.9)) == [6]


def test_corrected_loss_and_scores():
    model, params = tiny()
    scores, loss = snip.snip_scores(model, params, IMAGES, LABELS)
    assert float(loss) == pytest.approx(0.56488228, abs=3e-8)  # the sheet is float32
    expected = [0.09228463, 0.04335145, 0.00453861, 0.03609080, 0.00088899, 0.00002653]
    assert scores[:6].tolist() == pytest.approx(expected, abs=1e-7)


def test_the_network_is_left_as_it_was():
    model, params, images, labels = conv()
    model[0].eval()
    before = {n: t.clone() for n, t in model.state_dict().items()}
    snip.snip_scores(model, params, images, labels, reinitialise="xavier-normal", draws=KeyedDraws(1))
    assert all(torch.equal(before[n], t) for n, t in model.state_dict().items())
    assert [m.training for m in model] == [False, True, True, True, True]
    assert all(p.grad is None for p in model.parameters())


def test_evaluation_mode_uses_running_statistics():
    model, params, images, labels = conv()
    train, _ = snip.snip_scores(model, params, images, labels)
    running, _ = snip.snip_scores(model, params, images, labels, mode="eval")
    alone, _ = snip.snip_scores(model, params, images[:1], labels[:1], mode="eval")
    assert not torch.allclose(train, running)
    assert alone.isfinite().all()


def test_redrawn_weights_are_xavier_normal_and_keyed():
    weights = torch.empty(64, 32, 3, 3)
    drawn = snip.xavier_normal(weights, KeyedDraws(1), index=0)
    assert float(drawn.std()) == pytest.approx((2 / (96 * 9)) ** 0.5, rel=0.02)
    assert torch.equal(drawn, snip.xavier_normal(weights, KeyedDraws(1), index=0))
    assert not torch.equal(drawn, snip.xavier_normal(weights, KeyedDraws(1), index=1))


def test_a_redraw_needs_draws():
    model, params = tiny()
    with pytest.raises(ValueError, match="source of draws"):
        snip.snip_scores(model, params, IMAGES, LABELS, reinitialise="xavier-normal")


def test_ties_stay_when_published_and_are_cut_when_exact():
    scores = torch.tensor([1.0, 2.0, 2.0, 2.0])
    assert kept(snip.keep_published(scores, 0.5)) == [1, 2, 3]
    assert kept(snip.keep_exactly(scores, 0.5)) == [1, 2]


def test_impossible_requests_are_refused_in_one_sentence():
    for keep in (snip.keep_published, snip.keep_exactly):
        with pytest.raises(ReproError, match="keeps none"):
            keep(torch.ones(4), 0.9)
    for bad in (torch.zeros(4), torch.tensor([1.0, float("nan")])):
        with pytest.raises(ReproError, match="rank nothing"):
            snip.keep_published(bad, 0.5)
