"""Options of ``repro run synflow``: counterparts of the original's commands, and refusals."""

import itertools
import re
import shlex
from pathlib import Path

import pytest

import papers.synflow
from papers.synflow import paper
from papers.synflow.original import FLAGS, table
from papers.synflow.protocols import PRUNERS
from papers.synflow.settings import RATIOS
from repro.cli.run_list import split
from shared.errors import ReproError
from shared.models.registry import build
from shared.protocol import Prune, Rewind, Train
from shared.sparsity.masks import prunable_parameters

README = Path(papers.synflow.__file__).with_name("README.md").read_text(encoding="utf-8")
COMMANDS = [c for c in re.findall(r"`(repro run synflow [^`]+)`", README) if "--help" not in c]
COMMANDS += [x.split("#")[0] for x in README.splitlines() if x.startswith("repro run") and "--help" not in x]
LISTS = [c for c in COMMANDS if "--compression 1,2" in c]
COMMANDS = [c for c in COMMANDS if c not in LISTS]
OPTION = {o.flag: o for o in paper.options}


def parse(command):
    words = shlex.split(command)[3:]
    pairs = zip(words[::2], words[1::2], strict=True)
    return {("variant" if k == "--variant" else OPTION[k].name): v if k == "--variant" else OPTION[k].type(v)
            for k, v in pairs}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme_build(command):
    assert paper.build(parse(command)).paper == "synflow"


def cells(command):
    """The runs of a command whose options have lists."""
    words, axes = split(paper, shlex.split(command)[3:])
    base = parse(f"repro run synflow {shlex.join(w for word in words for w in word.split('='))}")
    for values in itertools.product(*axes.values()):
        typed = {name: {"compression": float}.get(name, str)(v) for name, v in zip(axes, values, strict=True)}
        yield {**base, **typed}


def test_lists_of_the_readme_are_the_assignments_second_table():
    (paper_recipe,), own = [c for c in LISTS if "adam" not in c], [c for c in LISTS if "adam" in c]
    expected = {(float(r), p) for r in RATIOS for p in PRUNERS}
    assert {(c["compression"], c["pruner"]) for c in cells(paper_recipe)} == expected
    table = {e: x.protocol(1).identity for e, x in paper.experiments.items() if e.startswith("assignment/vgg16/")}
    assert len(table) == 30
    typed = {f"assignment/vgg16/{c['pruner']}/{c['compression']:g}x": paper.build(c).identity
             for command in own for c in cells(command)}  # fmt: skip
    assert typed == table
    assert "repro sweep synflow --experiment 'assignment/vgg16/*'" in README


def test_levels_of_the_readme_are_rewound_as_it_says():
    found = {c.partition("--variant ")[2] or "corrected": paper.build(parse(c)) for c in COMMANDS if "--levels" in c}
    assert set(found) == {"published", "head", "corrected"}
    for variant, experiment in (("published", "imp/L3/c2.0"), ("corrected", "imp-rewound/L3/c2.0")):
        assert found[variant].identity == paper.experiments[experiment].protocol(1).identity
    assert [p.method.name for p in found["head"].phases if isinstance(p, Prune)] == [
        "keep-initial", *["score-and-prune", "restore-initial"] * 3,
    ]  # fmt: skip


def test_every_original_option_has_a_counterpart_or_a_reason():
    assert len({f.name for f in FLAGS}) == len(FLAGS) == 40
    for flag in FLAGS:
        assert flag.ours or flag.note, flag.name
        assert not flag.ours or flag.ours.replace("--no-", "--") in OPTION, flag.ours
    assert table() in README


def test_the_published_command_is_the_published_experiment():
    command = next(c for c in COMMANDS if "--variant published" in c)
    experiment = paper.experiments["vgg16-bn-cifar10/synflow/c2.00"]
    assert paper.build(parse(command) | {"seed": 5}).identity == experiment.protocol(5).identity


def test_every_option_and_table_is_in_the_readme():
    shown = set(re.findall(r"--[a-z0-9-]+", README))
    assert {o.flag for o in paper.options} - shown - {"--score-augmented"} == set()
    assert all(f"`{name}`" in README for name in paper.tables)


def density(**options):
    phase = paper.build(options).phases[0]
    assert isinstance(phase, Prune)
    return phase.method.options["density"]


def test_compression_is_a_ratio():
    assert density(compression=10.0) == pytest.approx(0.1)
    assert density(log10_compression=1.0) == pytest.approx(0.1)
    assert density(sparsity=0.9) == pytest.approx(0.1)
    with pytest.raises(ReproError, match="plain ratio of 10 use --compression 10"):
        density(log10_compression=10.0)
    with pytest.raises(ReproError, match="they say the same thing"):
        density(compression=10.0, sparsity=0.9)


REDRAWN = {"reinitialize": True}
REFUSALS = [
    ({"pruner": "none", "compression": 10.0}, "--compression has no effect with --pruner none"),
    ({"pruner": "synflow", "samples_per_class": 5}, "--samples-per-class has no effect with --pruner synflow"),
    ({"pruner": "mag", "score_dtype": "float32"}, "--score-dtype has no effect with --pruner mag"),
    ({"pruner": "snip", "grasp_sign": "published"}, "--grasp-sign has no effect"),
    ({"pruner": "mag", "prune_schedule": "linear"}, "single scoring round"),
    ({"network": "resnet50", "model_class": "lottery"}, "Model class lottery has no resnet50"),
    ({"network": "vgg16", "prune_batchnorm": True}, "no batch normalisation"),
    ({"network": "vgg16-bn", "prune_residual": True}, "whose shortcuts have no factors"),
    ({"network": "resnet50", "dataset": "imagenet", "prune_residual": True}, "whose shortcuts have no factors"),
    ({"compression": 0.1}, "at least 1"),
    ({"sparsity": 1.0}, "fraction removed"),
    ({"levels": 2, "shuffle": True}, "--shuffle has no effect with --levels"),
    ({"rewind": True}, "--rewind has no effect without --levels"),
    ({"levels": 2, "rewind": True, "variant": "published"}, "never rewinds"),
    ({"variant": "published", "optimizer": "adam"}, "repeats Nesterov"),
    ({"lr_milestones": "sixty"}, "--lr-milestones takes rising epochs from 1, such as 60,120, or none, not 'sixty'"),
    (
        {"lr_milestones": "200,100"},
        "--lr-milestones takes rising epochs from 1, such as 60,120, or none, not '200,100'",
    ),
    ({"lr_milestones": "60,60"}, "rising epochs"),
    ({"lr_milestones": "0,60"}, "rising epochs"),
    ({"lr_milestones": ""}, "rising epochs"),
    ({"epochs": 10, "lr_milestones": "60,120"}, "cannot fall after epoch 60 of 10; --lr-milestones must be below 10"),
    ({"epochs": 10, "lr_milestones": "5,10"}, "cannot fall after epoch 10 of 10"),
    ({"epochs": 10, "pretrain_epochs": 50, "lr_milestones": "60"}, "cannot fall after epoch 60 of 60"),
    ({"epochs": 1, "lr_milestones": "1"}, "With one epoch of training the learning rate cannot fall"),
    ({"network": "fc", "dataset": "mnist", "lr_gamma": 0.5}, "--lr-gamma has no effect without learning-rate steps"),
    ({"lr_milestones": "none", "lr_gamma": 0.5}, "--lr-gamma has no effect without learning-rate steps"),
    ({"epochs": 1, "lr_gamma": 0.5}, "--lr-gamma has no effect without learning-rate steps"),
    ({"epochs": 0}, "--epochs must be positive"),
    ({"prunner": "snip"}, "prunner"),
    ({"variant": "head", "normalize_score": True}, "no longer had --normalize-score"),
    ({"prune_scope": "local", "normalize_score": True}, "--normalize-score has no effect with --prune-scope local"),
    ({"compression": 2e7}, "leaves none of the 14,715,584 prunable weights"),
    ({"network": "fc", "dataset": "mnist", "sparsity": 0.999999}, "leaves none of the 119,400 prunable weights"),
    ({"variant": "published", "prune_schedule": "linear"}, "June 2020 had no --prune-schedule linear"),
    ({"variant": "published", "pruner": "snip", "train_mode": True}, "June 2020 had no --train-mode"),
    ({"variant": "published", "shuffle": True}, "June 2020 had no --shuffle"),
    ({"variant": "published", "invert": True}, "June 2020 had no --invert"),
    ({"variant": "published", "dataset": "imagenet", "network": "resnet50"}, "class imagenet is not known"),
    ({"variant": "published", "dataset": "imagenet", "network": "vgg16", "pruner": "none"}, "--variant head"),
    ({**REDRAWN, "network": "fc", "dataset": "mnist", "variant": "head"}, "stops on --reinitialize of fc"),
    (
        {**REDRAWN, "network": "resnet18", "dataset": "imagenet", "variant": "head"},
        "stops on --reinitialize of resnet18",
    ),
    ({**REDRAWN, "network": "resnet18", "variant": "published"}, "leaves the classifier of resnet18 as it is"),
    ({**REDRAWN, "pretrain_epochs": 5, "variant": "assignment"}, "leaves the running statistics of training"),
    (
        {"network": "vgg16", "dataset": "imagenet", "prune_classifier": False, "variant": "head"},
        "ignores --no-prune-classifier in the class imagenet",
    ),
]
"""Options, and a part of the sentence that refuses them."""
ACCEPTED = [
    {**REDRAWN, "variant": "head"},
    {**REDRAWN, "variant": "published", "network": "resnet20"},
    {**REDRAWN, "variant": "head", "network": "vgg16", "dataset": "imagenet"},
    {**REDRAWN, "network": "resnet18"},
    {**REDRAWN, "pretrain_epochs": 5},
    {**REDRAWN, "pretrain_epochs": 5, "network": "vgg16", "variant": "head"},
    {"variant": "published", "prune_schedule": "exponential"},
    {"variant": "published", "normalize_score": True},
    {"variant": "head", "prune_schedule": "linear", "invert": True},
    {"network": "vgg16", "dataset": "imagenet", "prune_classifier": False},
    {"compression": 14_715_584.0},
]
"""The nearest options that are not refused."""


@pytest.mark.parametrize("options", ACCEPTED, ids=str)
def test_what_the_variant_could_do_is_built(options):
    assert paper.build(options).variant == options.get("variant", "corrected")


@pytest.mark.parametrize(("options", "words"), REFUSALS, ids=lambda v: v if isinstance(v, str) else "")
def test_options_without_effect_are_refused(options, words):
    with pytest.raises(ReproError, match=re.escape(words)):
        paper.build(options)


CHOOSING = {
    "shuffle": True, "invert": True, "reinitialize": True, "prune_iterations": 3, "prune_scope": "local",
    "score_dtype": "float32", "grasp_sign": "published", "samples_per_class": 5, "score_batch_size": 64,
    "score_sampling": "stratified", "score_augmented": False, "train_mode": True, "normalize_score": True,
}  # fmt: skip


@pytest.mark.parametrize("dense", [{"compression": 1.0}, {"sparsity": 0.0}, {"log10_compression": 0.0}], ids=str)
@pytest.mark.parametrize(("name", "value"), CHOOSING.items())
def test_how_to_prune_is_refused_where_nothing_is_pruned(name, value, dense):
    pruner = {"score_dtype": "synflow"}.get(name, "grasp")
    with pytest.raises(ReproError, match=f"{paper_flag(name)} has no effect at a compression of 1, where no weight"):
        paper.build({"pruner": pruner, name: value, **dense})
    assert paper.build({"pruner": pruner, name: value, "compression": 2.0})


def paper_flag(name):
    return next(o.flag for o in paper.options if o.name == name)


def test_no_option_is_accepted_without_effect():
    """Whatever is accepted and is no default makes another run."""
    values = {**CHOOSING, "prune_schedule": "linear", "prune_bias": True, "prune_batchnorm": True,
              "prune_classifier": False, "levels": 2, "pretrain_epochs": 3, "epochs": 7, "batch_size": 33,
              "lr": 0.123, "lr_milestones": "2,3", "lr_gamma": 0.37, "weight_decay": 0.01}  # fmt: skip
    more = ({}, {"compression": 1.0}, {"levels": 2}, {"pretrain_epochs": 3}, {"epochs": 9})
    networks = ({"network": "fc", "dataset": "mnist", "optimizer": "nesterov"}, {"network": "vgg16-bn"})
    accepted = 0
    for variant, pruner, extra, network in itertools.product(
        ("published", "corrected"), ("rand", "grasp", "synflow"), more, networks
    ):
        base = {"variant": variant, "pruner": pruner, **network, **extra}
        plain = paper.build(base).identity
        for name, value in values.items():
            try:
                changed = paper.build({**base, name: value}).identity
            except ReproError:
                continue
            accepted += 1
            usual = variant == "published" and name in ("grasp_sign", "score_dtype")
            assert usual or name in extra or changed != plain, (base, name)
    assert accepted > 500


def test_spelling_a_default_out_is_the_same_run():
    assert paper.build({}).identity == paper.build({"prune_scope": "global", "pruner": "synflow"}).identity
    for variant, sign, dtype in (("head", "paper", "float32"), ("published", "published", "float32"),
                                 ("corrected", "paper", "float64")):  # fmt: skip
        for pruner, typed in (("grasp", {"grasp_sign": sign}), ("synflow", {"score_dtype": dtype})):
            base = {"variant": variant, "pruner": pruner}
            assert paper.build(base).identity == paper.build(base | typed).identity


def test_factors_of_shortcuts_are_ranked_where_asked():
    plain, also = (paper.build({"network": "resnet20", **more}) for more in ({}, {"prune_residual": True}))
    assert also.prunable.scales
    assert plain.identity != also.identity
    network = build(also.model)
    extra = prunable_parameters(network, also.prunable).keys() - prunable_parameters(network, plain.prunable).keys()
    assert len(extra) == 7
    assert all(name.endswith("shortcut.weight") for name in extra)


def test_levels_and_ablations_reach_the_protocol():
    phases = paper.build({"levels": 2, "pruner": "mag"}).phases
    assert [type(p) for p in phases] == [Train, Prune, Rewind, Train, Prune, Rewind, Train]
    cut = paper.build({"shuffle": True, "invert": True, "prune_scope": "local"}).phases[0]
    assert [c.name for c in cut.checks] == ["layerwise-rearrange"]
    assert cut.method.options["invert"] is True
    assert cut.method.options["scope"] == "local"
