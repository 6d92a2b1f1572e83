"""Options of ``repro run synflow``: counterparts of the original's commands, and refusals."""

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
LISTS = [c for c in COMMANDS if "rand,mag" in c]
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


def test_the_list_of_the_readme_is_the_assignments_second_table():
    (command,) = LISTS
    words, axes = split(paper, shlex.split(command)[3:])
    assert axes == {"compression": [str(r) for r in RATIOS], "pruner": list(PRUNERS)}
    assert parse(f"repro run synflow {shlex.join(words)}")["network"] == "vgg16"


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
    ({"lr_milestones": "sixty"}, "--lr-milestones takes epochs"),
    ({"epochs": 0}, "--epochs must be positive"),
    ({"prunner": "snip"}, "prunner"),
]


@pytest.mark.parametrize(("options", "words"), REFUSALS, ids=lambda v: v if isinstance(v, str) else "")
def test_options_without_effect_are_refused(options, words):
    with pytest.raises(ReproError, match=re.escape(words)):
        paper.build(options)


def test_spelling_a_default_out_is_the_same_run():
    assert paper.build({}).identity == paper.build({"prune_scope": "global", "pruner": "synflow"}).identity


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
