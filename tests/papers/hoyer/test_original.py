"""Every option of the original scripts has a counterpart or a reason, and ours start from their defaults."""

import re
from pathlib import Path

import pytest

import papers.hoyer
from papers.hoyer import original, paper
from papers.hoyer.choice import Choice
from repro.settings import override
from shared.protocol import Train

README = Path(papers.hoyer.__file__).with_name("README.md").read_text(encoding="utf-8")
COMMON = {"--seed", "--set", "--device", "--data-dir", "--runs-dir"}
"""Options of every paper."""
COUNTED = {
    "mnist/element": 11,
    "mnist/structure": 11,
    "mnist/prun_tune_T": 10,
    "mnist/prun_tune_V": 10,
    "cifar/cifar": 24,
    "cifar/cifar_group": 26,
    "cifar/cifar_prun_tune": 25,
    "imagenet/main_group": 23,
    "imagenet/prun_tune": 22,
}
"""Options that each script declares."""


def test_every_option_of_the_originals_has_a_counterpart_or_a_reason() -> None:
    ours = {o.flag for o in paper.options} | COMMON
    for flag in original.FLAGS:
        assert flag.ours in ours if flag.ours else flag.note, flag.name


def test_every_script_has_each_of_its_options_once() -> None:
    found = {script: [name for name, _ in original.of_script(script)] for script in original.SCRIPTS}
    assert {script: len(names) for script, names in found.items()} == COUNTED
    assert all(len(names) == len(set(names)) for names in found.values())
    assert {s for flag in original.FLAGS for s in flag.defaults} == set(original.SCRIPTS)


@pytest.mark.parametrize(
    ("script", "typed", "stage"),
    [
        (original.ELEMENT, {}, ""),
        (original.STRUCTURE, {"script": "mnist-structure-mlp"}, ""),
        (original.FIXED, {"prune_rule": "absolute"}, "finetune_"),
        (original.RATIO, {"prune_rule": "std-ratio"}, "finetune_"),
        (original.LARGE, {"network": "imagenet-resnet50", "reg": "ghs"}, ""),
        (original.LARGE_TUNE, {"network": "imagenet-resnet50", "reg": "ghs"}, "finetune_"),
    ],
)
def test_what_is_not_typed_is_the_scripts_default(script: str, typed: dict[str, str], stage: str) -> None:
    """CIFAR's are the zoo's recipes instead."""
    default, ours = dict(original.of_script(script)), Choice(typed)
    assert (ours[f"{stage}epochs"], ours[f"{stage}lr"]) == (default["epochs"], default["lr"])
    assert ours["batch_size"] == default["batch-size"]
    if stage:
        assert ours["threshold"] == default["sensitivity"]
    if "weight-decay" in default:
        assert ours[f"{stage}weight_decay"] == default["weight-decay"]


def test_momentum_is_set_as_its_note_says() -> None:
    changed = override(paper.build({"network": "resnet"}), ["phases.train.optimizer.momentum=0.8"])
    assert [p.optimizer.momentum for p in changed.phases if isinstance(p, Train)] == [0.8]


def test_the_readme_names_every_option_that_has_a_counterpart_of_the_papers_own() -> None:
    shown = set(re.findall(r"--?[A-Za-z][A-Za-z_-]*", README))
    own = {o.flag for o in paper.options}
    named = {f.name for f in original.FLAGS if f.ours in own} - {"arch", "weight-decay", "data"}
    assert {f"--{name}" for name in named} <= shown
    assert {"-a", "--wd"} <= shown  # arch and weight-decay, as the commands have them
