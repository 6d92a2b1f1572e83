"""The experiments are those of the sheet's sections 4.6 to 4.9, 5 and 6."""

import subprocess
import sys

import pytest

from papers.hoyer import paper, zoo
from papers.hoyer.cells import cells
from shared.protocol import Protocol, Prune, Rewind, Train


def protocol(experiment: str, seed: int = 42) -> Protocol:
    return paper.experiments[experiment].protocol(seed)


def trains(p: Protocol) -> list[Train]:
    return [phase for phase in p.phases if isinstance(phase, Train)]


def prune(p: Protocol) -> Prune:
    return next(phase for phase in p.phases if isinstance(phase, Prune))


def test_a_cell_reads_like_its_id() -> None:
    assert len({c.id for c in cells()}) == len(cells())
    p = protocol("lenet-300-100/hoyer-square-0.0002/V0.03", 43)
    assert (p.seed, p.paper, p.variant, p.scale) == (43, "hoyer", "published", "paper")
    assert (p.model.name, p.model.size, p.data.mean, p.data.augment) == ("lenet300", 28, (), ())
    regularised, finetuned = trains(p)
    assert regularised.methods[0].options == {"kind": "hoyer-square", "strength": 2e-4, "zeros": "published"}
    assert prune(p).method.options == {"rule": "std-ratio", "threshold": 0.03}
    assert (regularised.epochs, regularised.batch_size, regularised.optimizer.lr) == (250, 100, 1e-3)
    assert finetuned.methods[0].name == "freeze-zeros"


@pytest.mark.parametrize(("end", "epochs", "lr", "decay"), [("T0.001", 100, 1e-4, 0.0), ("V0.25", 50, 1e-3, 1e-4)])
def test_the_two_rules_finetune_differently(end: str, epochs: int, lr: float, decay: float) -> None:
    """Trap 5."""
    finetune = trains(protocol(f"lenet-5/l1-0.001/{end}"))[-1]
    assert (finetune.epochs, finetune.optimizer.lr, finetune.optimizer.weight_decay) == (epochs, lr, decay)


def test_methods_at_equal_weights_differ_in_the_training_alone() -> None:
    """Traps 7 and 24: one rule, one number of weights, one finetuning; the training is the published one."""
    plans = [protocol(f"lenet-300-100/{t}/S0.98") for t in ("none", "l1-0.001", "hoyer-square-0.0002")]
    assert len({str([p.model_dump() for p in plan.phases[1:]]) for plan in plans}) == 1
    assert prune(plans[0]).method.options == {"rule": "absolute", "density": 0.02}
    published = protocol("lenet-300-100/hoyer-square-0.0002/V0.03")
    assert published.phases[0] == plans[2].phases[0]
    assert published.phases[2] == plans[2].phases[2]


def test_structure_runs_decay_all_weights_and_penalise_weights_only() -> None:
    """Traps 10 and 11."""
    none, lasso = (trains(protocol(f"lenet-5/{t}/V0.25"))[0] for t in ("none-decay1e-4", "group-lasso-0.001"))
    assert none.optimizer.weight_decay == lasso.optimizer.weight_decay == 1e-4
    assert not none.methods
    assert lasso.methods[0].options["tensors"] == "weights"


def test_groups_of_the_cnn_script_are_as_coded() -> None:
    """Trap 12."""
    lasso, square = (
        trains(protocol(f"lenet-5/{t}"))[0].methods[0].options
        for t in ("group-lasso-0.001/V0.25", "group-hoyer-square-0.1/V0.008")
    )
    assert lasso["grouping"] == "per-position"
    assert "grouping" not in square
    assert lasso["guard"] is square["guard"] is False


def test_element_and_structure_runs_start_from_one_dense_network() -> None:
    """The dense phase has the same settings, so it is trained once."""
    first = [
        protocol(f"lenet-300-100/{t}").phases[0]
        for t in ("pretrained-hoyer-0.02/V0.05", "pretrained-group-lasso-0.001/V0.25", "none/T0.001")
    ]
    assert {p.model_copy(update={"name": "dense"}) for p in first if isinstance(p, Train)} != set()
    assert len({p.model_copy(update={"name": "dense"}).model_dump_json() for p in first}) == 1


def test_biases_are_pruned_as_published_and_left_alone_as_corrected() -> None:
    published, corrected = (
        protocol(f"lenet-5/{start}pretrained-hoyer-square-0.0001/V0.03") for start in ("", "corrected-")
    )
    assert published.prunable.bias
    assert not corrected.prunable.bias
    assert prune(corrected).method.options["mask"] == "explicit"
    assert trains(corrected)[1].methods[0].options == {
        "kind": "hoyer-square",
        "strength": 1e-4,
        "tensors": "weights",
    }


def test_cifar_pipeline() -> None:
    """Sheet 4.8: three stages with one schedule, from 0.1 each time; explicit masks, batch-norm gammas pruned."""
    p = protocol("cifar10/resnet-56/group-hoyer-square-0.0001")
    assert [t.name for t in p.phases] == ["pretrain", "best-dense", "regularise", "prune", "finetune", "compact"]
    for t in trains(p):
        assert (t.epochs, t.schedule.milestones, t.optimizer.lr, t.optimizer.momentum) == (164, (81, 122), 0.1, 0.9)
        assert t.optimizer.weight_decay == 1e-4
    assert prune(p).method.options == {"rule": "absolute", "threshold": 1e-4, "mask": "explicit"}
    assert p.prunable.batchnorm
    assert not p.prunable.bias


def test_networks_without_batch_norm_do_not_start_from_a_tenth() -> None:
    """Trap 17 on CIFAR; on ImageNet AlexNet's later stages are the scripts' defaults, ResNet-50's the README's."""
    assert [trains(protocol(f"cifar10/{n}"))[0].optimizer.lr for n in ("alexnet", "alexnet-lr0.01")] == [0.1, 0.01]
    stages = {
        name: [(t.epochs, t.optimizer.lr, t.schedule.milestones) for t in trains(protocol(f"imagenet/{name}"))]
        for name in ("alexnet-hoyer-square", "resnet-50-group-hoyer-square")
    }
    assert stages == {
        "alexnet-hoyer-square": [(90, 0.01, (30, 60)), (45, 1e-3, (30,)), (30, 1e-3, ())],
        "resnet-50-group-hoyer-square": [(90, 0.1, (30, 60)), (90, 0.1, (30, 60)), (90, 0.01, (30, 60))],
    }


def test_group_training_starts_from_the_best_dense_epoch_on_cifar_alone() -> None:
    """Sheet 4.8; corrected, nothing is chosen on the test images; on ImageNet (4.9) and MNIST (4.6) nothing is."""
    there = {
        name: [phase for phase in paper.build(options).phases if isinstance(phase, Rewind)]
        for name, options in {
            "published": {"network": "alexnet", "reg": "ghs", "decay": 1e-4},
            "corrected": {"network": "alexnet", "reg": "ghs", "decay": 1e-4, "variant": "corrected"},
            "mnist": {"reg": "ghs", "decay": 1e-4, "pretrained": True},
            "imagenet": {"network": "imagenet-resnet50", "reg": "ghs", "decay": 1e-4, "pretrained": True},
        }.items()
    }
    published = Rewind(name="best-dense", phase="pretrain", best=True)
    assert there == {"published": [published], "corrected": [], "mnist": [], "imagenet": []}


@pytest.mark.parametrize(("name", "epochs", "milestones", "gamma", "decay", "batch"), [
    ("alexnet", 164, (81, 122), 0.1, 5e-4, 128),
    ("resnet-164-bottleneck", 164, (81, 122), 0.1, 1e-4, 128),
    ("resnext-29-8x64", 300, (150, 225), 0.1, 5e-4, 128),
    ("wrn-28-10", 200, (60, 120, 160), 0.2, 5e-4, 128),
    ("densenet-bc-190-40", 300, (150, 225), 0.1, 1e-4, 64),
])  # fmt: skip
def test_recipes_are_the_sheets(
    name: str, epochs: int, milestones: tuple[int, ...], gamma: float, decay: float, batch: int
) -> None:
    for dataset in zoo.CLASSES:
        (t,) = trains(protocol(f"{dataset}/{name}"))
        found = (t.epochs, t.schedule.milestones, t.schedule.gamma, t.optimizer.weight_decay, t.batch_size)
        assert found == (epochs, milestones, gamma, decay, batch)
        assert ("dropout" in [m.name for m in t.methods]) == (name == "wrn-28-10")


def test_importing_the_paper_does_not_import_torch() -> None:
    code = "import sys; from papers.hoyer import paper; len(paper.tables); print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
