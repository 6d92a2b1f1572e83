"""Facts about data and the statistics over seeds."""

import math

import conventions as c
import pytest
import torch

from papers.flipout.settings import CHANNELS, DATA
from repro.verdicts.sample import Sample
from shared.data.imageset import TensorSet
from shared.data.loader import EpochLoader
from shared.data.normalise import Normalise
from shared.data.prepare import hold_out
from shared.draws import KeyedDraws
from shared.protocol import Data

CASES = c.load("flipout")


def normalised(name, values):
    """The bytes, the same in every channel, as the network reads them: one list of channels per byte."""
    data, channels = DATA[name], CHANNELS[name]
    pixels = torch.tensor(values, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, channels, 1, 1)
    normalise = Normalise(data.mean, data.std, channels, torch.float64, torch.device("cpu"))
    return normalise(pixels).flatten(1).tolist()


def loader(size, batch_size):
    labels = torch.zeros(size, dtype=torch.int64)
    examples = TensorSet(torch.zeros(size, 1), labels, 2)
    return EpochLoader(examples, Data(name="counts"), KeyedDraws(0), batch_size, train=True)


def test_data_facts():
    case = CASES["data-facts"]
    given, expected = case["inputs"], case["expected"]
    loaders = [loader(n, given["batch_size"]) for n in given["train_sizes"]]
    imagenette, cifar10 = given["imagenette_validation"], given["cifar10_validation"]
    permuted = Data(name="imagenette", val_size=imagenette["val_size"], val_rule="permuted")
    _, drawn = hold_out(given["train_sizes"][1], permuted, imagenette["seed"])
    _, last = hold_out(given["train_sizes"][0], Data(name="cifar10", val_size=cifar10["val_size"]), seed=0)
    found = {
        "normalised": {name: normalised(name, given["bytes"]) for name in expected["normalised"]},
        "steps": [len(x) for x in loaders],
        "last_batch": [len(x.batch(1, len(x) - 1).labels) for x in loaders],
        "steps_in_350_epochs": [350 * len(x) for x in loaders],
        "imagenette_validation": {"first8": drawn[:8], "sum": drawn.sum()},
        "cifar10_validation": {"first": last[0], "last": last[-1]},
    }
    c.close(found, expected, case["tolerance"])


@pytest.mark.parametrize("row", range(len(CASES["seed-statistics"]["expected"]["rows"])))
def test_seed_statistics(row):
    case = CASES["seed-statistics"]
    values = tuple(case["inputs"]["accuracies_percent"][row])
    runs = Sample(experiment="x", scale="paper", values=values, seeds=tuple(range(len(values))))
    expected = case["expected"]["rows"][row]
    c.close({"mean": runs.mean, "sd": runs.sd}, {k: expected[k] for k in ("mean", "sd")}, case["tolerance"])
    # The README cuts decimals (trap T18): the suite reads a printed value as an interval of one unit upward.
    for exact, printed in zip((runs.mean, runs.sd), expected["truncated"], strict=True):
        assert math.floor(exact * 100) / 100 == printed
