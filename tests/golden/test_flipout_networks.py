"""Counts, shapes and multiply-adds of the networks against the original classes."""

import conventions as c
import pytest
import torch
from torch import nn

from papers.flipout.settings import dataset_of, model_for
from shared.models.registry import build
from shared.sparsity.accounting import layer_table, macs, parameter_count
from shared.sparsity.masks import NORMS, WEIGHTED, prunable_parameters
from shared.sparsity.published_flops import published_flops

CASES = c.load("flipout")


def built(name):
    """A network on the data set the paper trains it on, and the shape of its input."""
    spec = model_for(name, dataset_of(name))
    return build(spec), [spec.channels, spec.size, spec.size]


@pytest.mark.parametrize("name", CASES["network-counts"]["inputs"]["networks"])
def test_network_counts(name):
    model, shape = built(name)
    modules = list(model.modules())
    norms = [m for m in modules if isinstance(m, NORMS)]
    biases = [m.bias.numel() for m in modules if isinstance(m, WEIGHTED) and m.bias is not None]
    table = layer_table(model, shape)
    found = {
        "input": shape,
        "parameters": parameter_count(model),
        "prunable": sum(row.total for row in table),
        "prunable_tensors": len(table),
        "parameter_tensors": len(list(model.parameters())),
        "batchnorm_layers": len(norms),
        "batchnorm_parameters": sum(parameter_count(m) for m in norms),
        "conv_linear_biases": sum(biases),
        "macs_per_sample": macs(table)[0],
    }
    c.close(found, CASES["network-counts"]["expected"][name], CASES["network-counts"]["tolerance"])


@pytest.mark.parametrize("name", CASES["prunable-shapes-in-order"]["inputs"]["networks"])
def test_prunable_shapes_in_order(name):
    case = CASES["prunable-shapes-in-order"]
    model, shape = built(name)
    table = layer_table(model, shape)
    assert [row.name for row in table] == list(prunable_parameters(model))
    found = {
        "shapes": [list(row.shape) for row in table],
        "output_positions": [row.positions for row in table],
    }
    c.close(found, case["expected"][name], case["tolerance"])


def test_masked_multiply_adds():
    case = CASES["flop-counts-masked"]
    given = case["inputs"]
    model, shape = c.network(given), given["network"]["input"]
    masks = c.masks(model)
    live = masks.flat()
    live[given["masked"]] = False
    masks.set_flat(live)
    overwrite(model, masks, given["then_overwritten"])
    table = layer_table(model, shape, {n: p != 0 for n, p in masks.parameters.items()})
    dense, sparse = macs(table)
    total, nonzero = published_flops(model, shape)
    found = {
        "published_total": total,
        "published_nonzero": nonzero,
        "dense_macs": dense,
        "sparse_macs": sparse,
        "nonzero_per_tensor": [row.remaining for row in table],
        "output_positions": [row.positions for row in table],
    }
    c.close(found, case["expected"], case["tolerance"])


@torch.no_grad()
def overwrite(model: nn.Module, masks, change):
    """One filter is set to the listed entries (``all 0 except [index] = value and [index] = value``)."""
    words = change["values"].removeprefix("all 0 except ").split(" and ")
    target = masks.parameters[change["tensor"]][change["filter"]]
    target.zero_()
    for word in words:
        index, value = word.split(" = ")
        target[tuple(int(i) for i in index.strip("[]").split(",")[1:])] = float(value)
