"""The experiments are those of the sheet's section 6.1."""

import subprocess
import sys

import pytest

from papers.flipout import paper
from papers.flipout.settings import HOYER_LAMBDAS, SPARSITIES, STUDIED
from shared.protocol import Method, Protocol, Prune, Quantise, Train
from shared.sparsity.schedule import prune_epochs

EXPERIMENTS = paper.experiments


def protocol(experiment: str, seed: int = 42) -> Protocol:
    return EXPERIMENTS[experiment].protocol(seed)


def train_of(p: Protocol) -> Train:
    return next(phase for phase in p.phases if isinstance(phase, Train))


def component(p: Protocol, name: str) -> Method:
    return next(m for m in train_of(p).methods if m.name == name)


def names(p: Protocol) -> list[str]:
    return [m.name for m in train_of(p).methods]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_shares_the_papers_training(experiment: str) -> None:
    p = protocol(experiment, 43)
    train = train_of(p)
    assert (p.seed, p.paper, p.scale) == (43, "flipout", "paper")
    assert (train.batch_size, train.optimizer.name, train.optimizer.lr, train.optimizer.momentum) == (
        128,
        "sgd",
        0.1,
        0.9,
    )
    assert train.optimizer.weight_decay == 5e-4
    assert not train.optimizer.nesterov
    assert (train.schedule.milestones, train.schedule.gamma) == ((150, 250), 0.1)
    long = ("hoyer" in experiment and "halving" not in experiment) or "one-shot" in experiment
    assert train.epochs == (500 if long else 350)
    assert (p.data.name, p.model.size) == (
        ("imagenette", 224) if experiment.startswith("densenet") else ("cifar10", 32)
    )


@pytest.mark.parametrize("network", STUDIED)
@pytest.mark.parametrize(("label", "interval", "prunings"), [
    ("75", 117, 2), ("93.75", 70, 4), ("98.44", 50, 6), ("99.61", 39, 8), ("99.9", 32, 10)
])  # fmt: skip
@pytest.mark.parametrize(
    "method", ["flipout", "global-magnitude", "random", "flipout-noise0", "global-magnitude-noise1"]
)
def test_prune_intervals_are_the_papers(network: str, label: str, interval: int, prunings: int, method: str) -> None:
    p = protocol(f"{network}/{method}/{label}")
    prune = component(p, "prune")
    assert (prune.options["interval"], prune.options["fraction"]) == (interval, 0.5)
    assert len(prune_epochs(350, interval)) == prunings


def test_flipout_adds_noise_before_counting_and_prunes_last() -> None:
    assert names(protocol("vgg19/flipout/99.9")) == ["mask-gradients", "gradient-noise", "count-flips", "prune"]
    assert component(protocol("vgg19/flipout/99.9"), "gradient-noise").options == {"scale": 1}
    assert names(protocol("vgg19/flipout-noise0/75")) == ["mask-gradients", "count-flips", "prune"]
    assert component(protocol("resnet18/global-magnitude-noise1.3/99.61"), "gradient-noise").options == {"scale": 1.3}
    assert names(protocol("vgg19/global-magnitude/99.9")) == ["mask-gradients", "prune"]


@pytest.mark.parametrize(
    ("criterion", "counted"), [("global-magnitude", True), ("random", True), ("layerwise-magnitude", False)]
)
def test_published_counts_are_named_where_they_differ(criterion: str, counted: bool) -> None:
    options = component(protocol(f"vgg19/{criterion}/99.9"), "prune").options
    assert options.get("counts") == ("published" if counted else None)


def test_snip_prunes_before_training_and_differs_by_variant() -> None:
    published, corrected = protocol("vgg19/snip/99.9"), protocol("vgg19/snip-corrected/99.9")
    first = published.phases[0]
    assert isinstance(first, Prune)
    assert first.method.options == {"sparsity": 0.999, "variant": "published"}
    assert names(published) == ["frozen-zeros"]
    assert names(corrected) == ["mask-gradients"]
    assert corrected.variant == "corrected"
    grid = protocol("vgg19/snip/99.902").phases[0]
    assert isinstance(grid, Prune)
    assert grid.method.options["sparsity"] == 0.99902


@pytest.mark.parametrize("network", STUDIED)
def test_hoyer_square_has_fifteen_strengths_and_one_threshold(network: str) -> None:
    assert len(HOYER_LAMBDAS) == 15
    for strength in HOYER_LAMBDAS:
        p = protocol(f"{network}/hoyer-square-{strength}")
        assert component(p, "hoyer-square").options == {"strength": float(strength), "last_epoch": 350}
        assert component(p, "prune").options == {"criterion": "threshold", "threshold": 1e-4, "interval": 350}
        assert prune_epochs(500, 350) == [350]


def test_extras_exist() -> None:
    assert isinstance(protocol("densenet121/flipout-int8/99.9").phases[-1], Quantise)
    assert protocol("resnet18/flipout-p1-batchnorm/75").prunable.batchnorm
    assert protocol("resnet18/flipout-continued/99.9").epochs == 700
    assert component(protocol("densenet121/flipout-one-shot/99.9"), "prune").options["fraction"] == 0.999
    assert names(protocol("vgg19/unpruned")) == []


def test_seeds_share_a_study_and_experiments_do_not() -> None:
    assert protocol("vgg19/flipout/99.9", 42).study == protocol("vgg19/flipout/99.9", 44).study
    studies = {protocol(e).study for e in EXPERIMENTS}
    assert len(studies) == len(EXPERIMENTS)


def test_labels_carry_the_nominal_sparsity() -> None:
    found = {EXPERIMENTS[f"vgg19/flipout/{s.label}"].labels["sparsity_percent"] for s in SPARSITIES}
    assert found == {75, 93.75, 98.4375, 99.609375, 99.90234375}


@pytest.mark.parametrize(
    ("experiment", "identity"),
    [
        ("vgg19/flipout/99.9", "3dc62ae5c31d6ac9750a7e9f0f64c3cd2624c325578378e6c70083555e8782e0"),
        ("vgg19/snip/99.9", "acb2e821bf532c5680a90b97c35b71a93c4adbb892a82e0883f04df0f5922276"),
        ("vgg19/hoyer-square-6e-5", "f894093789fd78d12df4622e7dadb88248f101df0a7cf641100384416cfa648e"),
        ("densenet121/flipout-int8/99.9", "27ce3a0e31c2eb4c5db228639c239f3fa8b2c162e66e7e6dea8aee9ac490b2cc"),
        (
            "resnet18/global-magnitude-noise1.3/99.61",
            "cae30db6553f461d8e3f4a1374814b20c01a2df95b22d9b3f974c2aaf8f915e5",
        ),
    ],
)
def test_identities_are_pinned(experiment: str, identity: str) -> None:
    """A change here orphans every record made before: give a new field a neutral default instead."""
    assert protocol(experiment).identity == identity


def test_the_paper_imports_no_heavy_package() -> None:
    heavy = "{'torch', 'torchvision', 'mlflow', 'pandas', 'scipy', 'matplotlib', 'numpy'}"
    code = (
        "import sys; from papers.flipout import paper; len(paper.experiments), len(paper.tables), paper.build({}); "
        f"sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_components_of_the_paper_are_the_registered_ones() -> None:
    from papers.flipout.components import COMPONENTS

    assert dict(paper.components) == COMPONENTS


@pytest.mark.parametrize("experiment", [e for e in EXPERIMENTS if e.endswith(("/99.9", "6e-5", "unpruned"))])
def test_components_accept_their_options(experiment: str) -> None:
    from shared.training.components import build

    for phase in protocol(experiment).phases:
        if isinstance(phase, Train):
            assert len(build(phase.methods, paper.components)) == len(phase.methods)
