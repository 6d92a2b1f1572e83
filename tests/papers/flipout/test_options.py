"""Options of ``repro run flipout``: counterparts of the original's commands, and refusals."""

from typing import Any

import pytest

from papers.flipout import paper
from papers.flipout.options import METHODS, OBSERVERS, OPTIONS, PER_TENSOR
from papers.flipout.original import FLAGS
from papers.flipout.settings import DATA, NETWORKS
from shared.errors import ReproError
from shared.protocol import Protocol, Quantise, Train

HOYER = {
    "method": "threshold",
    "threshold": 1e-4,
    "prune_interval": 350,
    "epochs": 500,
    "hoyer_lambda": 6e-5,
    "hoyer_stop_epoch": 350,
    "lr_milestones": "150,250",
}
ORIGINAL_COMMANDS: list[tuple[dict[str, Any], str]] = [
    ({"method": "flipout", "prune_interval": 32, "prune_fraction": 0.5, "grad_noise_scale": 1.0}, "vgg19/flipout/99.9"),
    ({"method": "global-magnitude", "prune_interval": 32}, "vgg19/global-magnitude/99.9"),
    ({"method": "random", "prune_interval": 32}, "vgg19/random/99.9"),
    ({"method": "snip", "sparsity": 0.999}, "vgg19/snip/99.9"),
    (HOYER, "vgg19/hoyer-square-6e-5"),
    ({"method": "none"}, "vgg19/unpruned"),
    ({"method": "flipout", "grad_noise": False, "prune_interval": 117}, "vgg19/flipout-noise0/75"),
    (
        {
            "network": "resnet18",
            "method": "global-magnitude",
            "grad_noise": True,
            "grad_noise_scale": 1.3,
            "sparsity": 0.996,
        },
        "resnet18/global-magnitude-noise1.3/99.61",
    ),
    ({"network": "densenet121", "dataset": "imagenette"}, "densenet121/flipout/99.9"),
    (
        {
            "network": "densenet121",
            "prune_interval": 350,
            "prune_fraction": 0.999,
            "epochs": 500,
            "lr_milestones": "150,250",
        },
        "densenet121/flipout-one-shot/99.9",
    ),
    (
        {"network": "resnet18", "method": "global-magnitude", "prune_batchnorm": True, "sparsity": 0.75},
        "resnet18/global-magnitude-batchnorm/75",
    ),
    ({"method": "topflip", "grad_noise": True, "sparsity": 0.9375}, "vgg19/topflip/93.75"),
    ({"quantise": True}, "vgg19/flipout-int8/99.9"),
]


def train_of(p: Protocol) -> Train:
    return next(phase for phase in p.phases if isinstance(phase, Train))


@pytest.mark.parametrize(("options", "experiment"), ORIGINAL_COMMANDS, ids=lambda v: v if isinstance(v, str) else "")
def test_original_commands_build_the_experiments(options: dict[str, Any], experiment: str) -> None:
    assert paper.build({**options, "seed": 43}).identity == paper.experiments[experiment].protocol(43).identity


def test_nothing_typed_is_the_papers_flipout() -> None:
    assert paper.build({}).identity == paper.experiments["vgg19/flipout/99.9"].protocol(42).identity
    assert paper.build(dict.fromkeys((o.name for o in OPTIONS), None)) == paper.build({})


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"method": "global-magnitude", "flipout_p": 3.0}, "--flipout-p has no effect"),
    ({"flipout_p": 1.5, "variant": "published"}, "a whole number"),
    ({"method": "topflip", "flips_offset": 0}, "--flips-offset has no effect"),
    ({"flips_offset": 2}, "--flips-offset"),
    ({"hoyer_prunable_only": True}, "without --hoyer-lambda"),
    ({"hoyer_stop_epoch": 100}, "without --hoyer-lambda"),
    ({"hoyer_lambda": 1e-4, "hoyer_stop_epoch": 351}, "beyond the 350 epochs"),
    ({"optimizer": "adam", "momentum": 0.9}, "--momentum has no effect"),
    ({"sparsity": 0.999, "prune_interval": 32}, "either --sparsity or --prune-interval"),
    ({"method": "snip", "grad_noise": True}, "revives"),
    ({"method": "snip", "prune_interval": 32}, "does not prune while training"),
    ({"method": "snip", "prune_fraction": 0.5}, "removes no fraction"),
    ({"threshold": 1e-4}, "belongs to threshold and flip"),
    ({"method": "threshold", "prune_interval": 9}, "needs --threshold"),
    ({"method": "threshold", "threshold": 1e-4}, "needs --prune-interval"),
    ({"method": "threshold", "threshold": 1e-4, "prune_interval": 9, "sparsity": 0.5}, "is an outcome"),
    ({"method": "sensitivity", "prune_interval": 9}, "needs --sensitivity"),
    ({"method": "none", "sparsity": 0.5}, "--sparsity has no effect"),
    ({"method": "none", "anneal_lr": True}, "stays 0"),
    ({"prune_interval": 350}, "never prunes"),
    ({"prune_interval": 32, "prune_stop_epoch": 32}, "must lie between"),
    ({"prune_stop_epoch": 100}, "needs --prune-interval"),
    ({"epochs": -1}, "must be positive"),
    ({"batch_size": 0}, "must be positive"),
    ({"seed": -1}, "must not be negative"),
    ({"momentum": 1.0}, "below 1"),
    ({"sparsity": 99.9}, "0.999 if you mean 99.9 %"),
    ({"sparsity": 1.0}, "between 0 and 1"),
    ({"sparsity": 0.99}, "no whole number of prunings"),
    ({"epochs": 70}, "no interval gives in 70 epochs"),
    ({"epochs": 35}, "no interval gives in 35 epochs"),
    ({"method": "random", "grad_noise_scale": 1.0}, "add --grad-noise"),
    ({"grad_noise": False, "grad_noise_prunable_only": True}, "add --grad-noise"),
    ({"grad_noise_stop_epoch": 351}, "must lie between"),
    ({"lr_milestones": "none", "grad_noise_scale_by_lr": True}, "learning rate is constant"),
    ({"lr_milestones": "none", "lr_gamma": 0.5}, "without learning-rate milestones"),
    ({"lr_milestones": "250,150"}, "increasing"),
    ({"lr_milestones": "150,350"}, "never acts"),
    ({"lr_milestones": "soon"}, "150,250, or none"),
    ({"anneal_lr": True, "lr_milestones": "150"}, "overwrites them"),
    ({"weight_decay": 0.0, "anneal_weight_decay": True}, "without weight decay or a penalty"),
    ({"eval_split": "val"}, "needs --val-size"),
    ({"val_size": 50_000}, "nothing to train on"),
    ({"network": "densenet121", "dataset": "cifar10"}, "224x224"),
    ({"network": "vgg19", "dataset": "imagenette"}, "32x32"),
    ({"network": "resnet18", "prune_bias": True}, "have no bias"),
    ({"network": "lenet5", "prune_batchnorm": True}, "no batch normalisation"),
    ({"method": "snip", "prune_batchnorm": True}, "convolution and linear weights only"),
    ({"method": "structured-magnitude"}, "add --prune-bias and --prune-batchnorm"),
    ({"network": "resnet18", "method": "structured-magnitude"}, "filters of VGG"),
    ({"quantise_scheme": "symmetric"}, "without --quantise"),
    ({"method": "flip-out"}, "did you mean"),
    ({"network": "vgg18"}, "did you mean"),
    ({"prune_frequency": 3}, "There is no flipout option"),
    ({"variant": "correct"}, "did you mean corrected"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_ineffective_or_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ReproError) as caught:
        paper.build(options)
    sentence = str(caught.value)
    assert message in sentence
    assert sentence.endswith((".", "?"))
    assert "\n" not in sentence


def test_an_impossible_sparsity_names_what_works() -> None:
    with pytest.raises(ReproError, match=r"0\.998047 \(interval 7\)"):
        paper.build({"epochs": 70})
    options = train_of(paper.build({"epochs": 70, "sparsity": 0.998})).methods[-1].options
    assert options["interval"] == 7


@pytest.mark.parametrize(
    ("epochs", "intervals"),
    [
        (350, (117, 70, 50, 39, 32)),
        (175, (59, 35, 25, 20, 16)),
        (110, (37, 22, 16, 13, 10)),
        (500, (167, 100, 72, 56, 46)),
    ],
)
def test_intervals_derived_for_other_lengths(epochs: int, intervals: tuple[int, ...]) -> None:
    for sparsity, interval in zip((0.75, 0.9375, 0.984, 0.996, 0.999), intervals, strict=True):
        train = train_of(paper.build({"epochs": epochs, "sparsity": sparsity}))
        assert train.methods[-1].options["interval"] == interval


def test_milestones_follow_the_length_unless_typed() -> None:
    assert train_of(paper.build({"epochs": 175})).schedule.milestones == (75, 125)
    assert train_of(paper.build({"epochs": 175, "lr_milestones": "150"})).schedule.milestones == (150,)
    assert train_of(paper.build({"lr_milestones": "none"})).schedule.kind == "constant"


@pytest.mark.parametrize("variant", ["published", "corrected"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_builds_components_that_exist(method: str, variant: str) -> None:
    from shared.training.components import build

    needs: dict[str, dict[str, Any]] = {
        "threshold": {"threshold": 1e-4, "prune_interval": 9},
        "sensitivity": {"sensitivity": 0.5, "prune_interval": 9},
        "flip": {"prune_interval": 9},
        "structured-magnitude": {"prune_bias": True, "prune_batchnorm": True},
        "flipout": {"flipout_p": 1.0},
    }
    train = train_of(paper.build({"method": method, "variant": variant, **needs.get(method, {})}))
    assert len(build(train.methods, paper.components)) == len(train.methods)


def test_odd_exponents_are_signed_only_where_the_published_variant_was_typed() -> None:
    """Trap T3."""
    published, corrected, untyped = (
        train_of(paper.build({"flipout_p": 1.0, "variant": v})).methods[-1].options
        for v in ("published", "corrected", None)
    )
    assert (published.get("signed"), published["counts"]) == (True, "published")
    assert "signed" not in corrected
    assert "counts" not in corrected
    assert "signed" not in untyped
    assert train_of(paper.build({"flipout_p": 4.0, "variant": "published"})).methods[-1].options == {
        "criterion": "flipout", "interval": 32, "fraction": 0.5, "p": 4, "counts": "published",
    }  # an even power has no sign to keep  # fmt: skip


def test_p_1_as_typed_is_the_papers_experiment() -> None:
    typed = paper.build({"flipout_p": 1.0, "seed": 43})
    assert typed.identity == paper.experiments["vgg19/flipout-p1/99.9"].protocol(43).identity


@pytest.mark.parametrize(
    "options",
    [
        {"flipout_p": 1.5},
        {"flipout_p": 1.5, "variant": "corrected"},
        {"flipout_p": 3.0, "variant": "published"},
        {"flips_offset": 0},
    ],
)
def test_every_exponent_that_builds_can_prune(options: dict[str, Any]) -> None:
    import torch
    from torch import nn

    from shared.draws import KeyedDraws
    from shared.sparsity.masks import Masks, prunable_parameters
    from shared.training.components import build
    from shared.training.state import State

    plan = paper.build({**options, "prune_interval": 32})
    model = nn.Sequential(nn.Linear(8, 6), nn.Linear(6, 2))
    masks = Masks(prunable_parameters(model))
    state = State(plan, model, masks, KeyedDraws(0), torch.device("cpu"))
    train = train_of(plan)
    counter, pruning = build(train.methods[-2:], paper.components)
    counter.start(state)
    negative = masks.flat_weights() < 0
    state.phase, state.epoch = train, 32
    pruning.after_epoch(state)
    assert masks.remaining == masks.total // 2
    signed = options.get("variant") == "published"
    fewest = max(0, int(negative.sum()) - masks.total // 2)
    assert (int((negative & masks.flat()).sum()) == fewest) == signed  # the signed power removes negative weights first


def test_everything_at_once_keeps_the_order_of_a_step() -> None:
    from shared.training.components import build

    options = {
        "hoyer_lambda": 1e-5, "group_hoyer_lambda": 1e-5, "l1": 1e-5, "l2": 1e-5, "weight_decay": 1e-4,
        "clip_grad_norm": 1.0,
        "grad_noise_mode": "global", "grad_noise_scale_by_lr": True, "grad_noise_prunable_only": True,
        "grad_noise_stop_epoch": 300, "anneal_weight_decay": True, "anneal_lr": True, "variant": "corrected",
    }  # fmt: skip
    train = train_of(paper.build(options))
    assert [m.name for m in train.methods] == [
        *("hoyer-square", "group-hoyer", "l1", "l2", "mask-gradients", "gradient-noise", "clip-gradient-norm"),
        *("count-flips", "prune", "anneal-weight-decay", "anneal-lr"),
    ]
    assert train.methods[0].options["anneal"] is True
    assert len(build(train.methods, paper.components)) == len(train.methods)


def test_published_annealing_turns_l1_into_decay() -> None:
    """Sheet 4.8: with L1 the decay is 0 in the first epoch and the L1 strength afterwards."""
    train = train_of(paper.build({"l1": 5e-4, "anneal_weight_decay": True}))
    assert train.optimizer.weight_decay == 0
    assert train.methods[-1].options == {"strength": 5e-4}


def test_quantisation_options_reach_the_phase() -> None:
    last = paper.build({"quantise": True, "quantise_weight_observer": "per-channel-minmax"}).phases[-1]
    assert isinstance(last, Quantise)
    assert last.weight_observer == "per-channel-minmax"


def test_choices_are_what_the_core_offers() -> None:
    from shared.models.registry import names
    from shared.quantisation import observers

    assert set(NETWORKS) <= set(names())
    assert set(OBSERVERS) == set(observers.OBSERVERS)
    assert set(PER_TENSOR) == {n for n in observers.OBSERVERS if "per-channel" not in n}
    assert {o.choices for o in OPTIONS if o.name == "dataset"} == {tuple(DATA)}


NOISY: dict[str, Any] = {"method": "random", "grad_noise": True}
CHANGES: dict[str, tuple[dict[str, Any], Any]] = {
    "network": ({}, "vgg16"),
    "dataset": ({}, "digits"),
    "val_size": ({}, 100),
    "eval_split": ({"val_size": 100}, "val"),
    "method": ({}, "random"),
    "sparsity": ({}, 0.75),
    "prune_interval": ({}, 50),
    "prune_fraction": ({"prune_interval": 32}, 0.2),
    "prune_stop_epoch": ({"prune_interval": 32}, 100),
    "threshold": ({"method": "flip", "prune_interval": 9}, 3.0),
    "sensitivity": ({"method": "sensitivity", "sensitivity": 0.1, "prune_interval": 9}, 0.5),
    "flipout_p": ({}, 1.5),
    "flips_offset": ({}, 0),
    "prune_bias": ({}, True),
    "prune_batchnorm": ({}, True),
    "grad_noise": ({}, False),
    "grad_noise_scale": (NOISY, 0.7),
    "grad_noise_stop_epoch": (NOISY, 100),
    "grad_noise_prunable_only": (NOISY, True),
    "grad_noise_mode": (NOISY, "global"),
    "grad_noise_scale_by_lr": (NOISY, True),
    "hoyer_lambda": ({}, 1e-5),
    "hoyer_stop_epoch": ({"hoyer_lambda": 1e-5}, 100),
    "hoyer_prunable_only": ({"hoyer_lambda": 1e-5}, True),
    "group_hoyer_lambda": ({}, 1e-5),
    "weight_decay": ({}, 0.0),
    "l1": ({}, 1e-5),
    "l2": ({}, 1e-5),
    "anneal_weight_decay": ({}, True),
    "anneal_lr": ({}, True),
    "epochs": ({}, 175),
    "batch_size": ({}, 64),
    "optimizer": ({"momentum": 0.0}, "rmsprop"),
    "lr": ({}, 0.01),
    "momentum": ({}, 0.0),
    "lr_milestones": ({}, "100"),
    "lr_gamma": ({}, 0.5),
    "clip_grad_norm": ({}, 1.0),
    "quantise": ({}, True),
    "quantise_weight_observer": ({"quantise": True}, "histogram"),
    "quantise_activation_observer": ({"quantise": True}, "histogram"),
    "quantise_scheme": ({"quantise": True}, "symmetric"),
}


@pytest.mark.parametrize("option", [o.name for o in OPTIONS])
def test_every_option_changes_the_run(option: str) -> None:
    base, value = CHANGES[option]
    assert paper.build(base).study != paper.build({**base, option: value}).study


def test_every_option_of_the_original_has_a_counterpart_or_a_reason() -> None:
    assert len({f.name for f in FLAGS}) == len(FLAGS) == 48
    ours = {o.flag for o in OPTIONS} | {"--seed", "--device"}
    for flag in FLAGS:
        assert flag.note if not flag.ours else flag.ours in ours, flag
    without = {o.flag for o in OPTIONS} - {f.ours for f in FLAGS} - {"--l1", "--l2", "--lr-gamma"}
    assert {f for f in without if not f.startswith("--quantise")} == {"--flips-offset", "--hoyer-prunable-only"}


def test_every_option_has_help_and_a_group() -> None:
    assert all(o.help.endswith(".") and o.group for o in OPTIONS)
    assert len({o.name for o in OPTIONS}) == len(OPTIONS)


def test_structured_magnitude_removes_whole_filters() -> None:
    import torch

    from papers.flipout.components import structured_magnitude
    from shared.draws import KeyedDraws
    from shared.models.registry import build
    from shared.sparsity.masks import Masks, prunable_parameters
    from shared.training.state import State

    p = paper.scales["demo"](
        paper.build({"method": "structured-magnitude", "prune_bias": True, "prune_batchnorm": True, "network": "vgg11"})
    )
    model = build(p.model)
    masks = Masks(prunable_parameters(model, p.prunable))
    state = State(protocol=p, model=model, masks=masks, draws=KeyedDraws(42), device=torch.device("cpu"))
    masks.set_flat(structured_magnitude(state, fraction=0.5))
    filters = [(name, live.flatten(1).any(1)) for name, live in masks.live.items() if live.dim() == 4]
    assert sum(int((~alive).sum()) for _, alive in filters) == sum(len(alive) for _, alive in filters) // 2
    for name, alive in filters:
        assert torch.equal(masks.live[name.replace("weight", "bias")], alive)
