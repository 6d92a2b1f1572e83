"""From typed options to protocols: counterparts of the original's options, and refusals."""

import pytest

from papers.dsr import paper, settings
from papers.dsr.options import OPTIONS
from papers.dsr.original import FLAGS
from papers.dsr.sizes import active_weights
from shared.errors import ReproError
from shared.protocol import Train


def build(**options):
    return paper.build({"seed": 42, **options})


def method(protocol, name):
    phase = [p for p in protocol.phases if isinstance(p, Train)][-1]
    return next(m for m in phase.methods if m.name == name)


def test_every_option_of_the_original_has_a_counterpart_or_a_reason():
    assert len(FLAGS) == len({f.name for f in FLAGS}) == 47
    ours = {o.flag for o in OPTIONS} | {"--no-batch-norm", "--no-augmentation", "--data-dir"}
    for flag in FLAGS:
        assert flag.note if not flag.ours else flag.ours in ours, flag


@pytest.mark.parametrize(
    ("options", "experiment"),
    [
        ({"job": "cifar:6"}, "cifar10/dsr/90"),
        ({"job": "mnist:13"}, "mnist/static/99"),
        ({"network": "wide_resnet"}, "cifar10/dsr/90"),
        ({"network": "wide_resnet", "method": "set", "sparsity": 0.8}, "cifar10/set/80"),
        ({"network": "wide_resnet", "method": "deep-rewiring"}, "cifar10/deep-rewiring/90"),
        ({"network": "wide_resnet", "granularity": "kernel", "sparsity": 0.5}, "cifar10/dsr-kernels/50"),
        ({"network": "wide_resnet", "method": "thin", "sparsity": 0.7}, "cifar10/thin/70"),
        ({"network": "wide_resnet", "method": "tied", "sparsity": 0.6}, "cifar10/tied/60"),
        ({"network": "wide_resnet", "method": "pruning", "sparsity": 0.9}, "cifar10/pruning/90"),
        ({"network": "wide_resnet", "stop_rewiring_epoch": 50}, "cifar10/dsr-stop-50/90"),
        ({"network": "wide_resnet", "method": "dense"}, "cifar10/dense"),
        ({"network": "imagenet_resnet50", "sparsity": 0.8}, "imagenet/dsr/80"),
        ({"network": "imagenet_resnet50", "method": "static"}, "imagenet/static/90"),
        ({"sparsity": 0.99}, "mnist/dsr/99"),
        ({"method": "static", "sparsity": 0.95}, "mnist/static/95"),
        ({"method": "thin", "sparsity": 0.95}, "mnist/thin/95"),
        ({"method": "deep-rewiring", "sparsity": 0.99, "variant": "corrected"}, "mnist/deep-rewiring-corrected/99"),
    ],
)
def test_typed_options_give_the_published_run(options, experiment):
    ours, theirs = build(**options), paper.experiments[experiment].protocol(42)
    assert ours == theirs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"job": "cifar:6", "epochs": 3}, "leave --epochs out"),
        ({"depth": 16}, "--depth has no effect"),
        ({"granularity": "kernel"}, "always per weight"),
        ({"method": "static", "drop_fraction": 0.1}, "--drop-fraction has no effect"),
        ({"method": "set", "reallocations_per_update": 10}, "without a threshold"),
        ({"method": "dense", "sparsity": 0.5}, "--sparsity has no effect"),
        ({"method": "tied", "rescale_tied_gradient": True}, "add --variant corrected"),
        ({"kernel_group_lasso": True}, "no convolution"),
        (
            {"network": "wide_resnet", "kernel_group_lasso": True},
            "without --l1-coefficient, which dsr has not by itself",
        ),
        (
            {"network": "wide_resnet", "method": "deep-rewiring", "kernel_group_lasso": True, "l1_coefficient": 0.0},
            "without",
        ),
        ({"network": "wide_resnet", "sparsity": 0.9, "sparsity_conv": 0.8}, "no effect beside --sparsity-conv on wide"),
        (
            {"network": "wide_resnet", "method": "pruning", "sparsity": 0.9, "target_sparsity_conv": 0.8},
            "no effect beside --target-sparsity-conv",
        ),
        ({"sparsity": 0.9, "sparsity_linear": 0.8}, "no effect beside --sparsity-linear on lenet300"),
        (
            {"network": "imagenet_resnet50", "sparsity": 0.9, "sparsity_conv": 0.8, "sparsity_linear": 0.8},
            "no effect beside --sparsity-conv and --sparsity-linear",
        ),
        ({"method": "thin", "sparsity": 0.9, "width_multiplier": 0.1}, "no effect beside --width-multiplier"),
        ({"network": "wide_resnet", "depth": 27}, "6n"),
        ({"network": "wide_resnet", "depth": 4}, "6n"),
        ({"stop_rewiring_epoch": 150}, "beyond the 100 epochs"),
        ({"network": "wide_resnet", "batch_norm": False}, "--no-batch-norm has no effect"),
        ({"network": "wide_resnet", "sparsity_linear": 0.5}, "classifier stays dense"),
        ({"network": "imagenet_resnet50", "augmentation": False}, "leaves it out on CIFAR-10 alone"),
        ({"network": "wide_resnet", "norm_init": "one"}, "--norm-init has no effect on wide_resnet"),
        ({"norm_init": "one", "batch_norm": False}, "--norm-init has no effect with --no-batch-norm"),
        ({"norm_init": "zero"}, "norm-init"),
        ({"method": "set", "deep_rewiring_signs": "fixed"}, "--deep-rewiring-signs has no effect with --method set"),
        ({"method": "deep-rewiring", "deep_rewiring_signs": "redrawn"}, "as published; add --variant corrected"),
        ({"method": "set", "update_interval": 50}, "--update-interval has no effect with --method set"),
        ({"method": "rigl", "growth_rule": "gradient"}, "--growth-rule has no effect with --method rigl"),
        ({"method": "rigl", "granularity": "filter"}, "it works per weight"),
        ({"method": "rigl", "update_interval": 0}, "--update-interval must be positive"),
        ({"masks_of_dsr": "fresh"}, "belongs to static"),
        ({"drop_criterion": "fraction"}, "needs --drop-fraction"),
        ({"method": "set", "drop_criterion": "threshold"}, "needs --reallocations-per-update"),
        ({"sparsity": 90.0}, "fraction between 0 and 1"),
        ({"epochs": 10, "stop_rewiring_epoch": 20}, "beyond the 10 epochs"),
        ({"schedule": "nowhere.yaml"}, "nowhere.yaml"),
        ({"momentum": 0.0}, "--no-nesterov"),
        ({"network": "wide_resnet", "method": "thin", "sparsity": 0.65}, "--width-multiplier"),
        ({"network": "wide_resnet", "granularity": "filter"}, "N_p counts units; add --reallocations-per-update"),
        ({"network": "wide_resnet", "granularity": "row"}, "N_p counts units"),
        (
            {"network": "wide_resnet", "granularity": "row", "method": "set", "drop_criterion": "exact-count"},
            "needs --reallocations-per-update",
        ),
        ({"network": "wide_resnet", "method": "thin", "depth": 16}, "stand for depth 28; add --width-multiplier"),
        (
            {"network": "imagenet_resnet50", "method": "dense", "sparse_downsample": True},
            "--sparse-downsample has no effect",
        ),
        ({"colour": 1}, "colour"),
    ],
)
def test_what_would_be_ignored_is_refused(options, words):
    with pytest.raises(ReproError, match=words):
        build(**options)


@pytest.mark.parametrize(
    "options", [{"momentum": 0.5}, {"nesterov": False}, {"weight_decay": 0.0}, {"momentum": 0.0, "nesterov": False}]
)
def test_pruning_inherits_the_optimiser_of_its_dense_training(options):
    """Traps 8 and 9: whatever is typed holds for both parts."""
    dense, prune = build(network="wide_resnet", method="pruning", **options).phases
    assert dense.optimizer == prune.optimizer
    assert dense.optimizer.model_dump().items() >= options.items()


def test_units_that_no_job_moves_take_the_target_that_is_typed():
    options = {"network": "wide_resnet", "granularity": "filter", "reallocations_per_update": 20}
    assert method(build(**options), "reallocate").options["target"] == 20
    assert "target" not in method(build(network="wide_resnet", granularity="row", method="set"), "reallocate").options


def test_corrected_holds_out_of_each_class_its_share():
    """Trap 12; without held-out images no rule is said, and the identity is what it was."""
    for variant, rule in (("published", "permuted"), ("corrected", "stratified")):
        data = build(variant=variant, val_size=1000).data
        assert (data.val_rule, data.evaluate_on, data.val_size) == (rule, "val", 1000)
        assert build(variant=variant).data.val_rule == "last"


def test_norms_start_as_in_2018_or_at_one():
    """Trap 14."""
    from shared.models.registry import build as network

    assert build(norm_init="uniform") == build()
    first = {norm: network(build(norm_init=norm).model).state_dict()["bn1.weight"] for norm in ("uniform", "one")}
    assert bool((first["one"] == 1).all())
    assert 0 < float(first["uniform"].min()) < float(first["uniform"].max()) < 1


@pytest.mark.parametrize("method_name", ["dense", "thin", "pruning", "static", "set", "tied"])
def test_the_penalty_is_part_of_every_methods_loss(method_name):
    """Sheet 4.0: of all sparse tensors, also full ones; pruning has it before and while it prunes."""
    options = {"method": method_name, "network": "wide_resnet", "l1_coefficient": 1e-5, "kernel_group_lasso": True}
    phases = [p for p in build(**options).phases if isinstance(p, Train)]
    assert len(phases) == (2 if method_name == "pruning" else 1)
    for phase in phases:
        found = [m.options for m in phase.methods if m.name in ("masked-weights", "tied-gradients")]
        assert found == [{"l1": 1e-5, "kernel_lasso": True}]


@pytest.mark.parametrize(
    ("network", "target", "levels"),
    [
        ("lenet300", 600, settings.MNIST_SPARSITIES),
        ("wide_resnet", 20_000, settings.CIFAR_SPARSITIES),
        ("imagenet_resnet50", 400_000, (0.8,)),  # that of 0.9 is known to move fewer (trap 16)
    ],
)
def test_set_moves_as_many_as_dsr_at_any_sparsity(network, target, levels):
    """Sheet 7.3; where a job ran its fraction holds, and a matched one is what it would be."""
    for sparsity in (*levels, 0.5, 0.65, 0.85, 0.925):
        options = method(build(network=network, method="set", sparsity=sparsity), "reallocate").options
        moved = options["fraction"] * active_weights(
            settings.model_for(network, 2.0 if "wide" in network else 1.0), sparsity
        )
        assert moved == pytest.approx(target, rel=0.03)


def test_set_without_so_many_weights_needs_a_fraction():
    with pytest.raises(
        ReproError, match=r"600 on lenet300, but 2\d\d are active at sparsity 0.999; give --drop-fraction"
    ):
        build(method="set", sparsity=0.999)
    assert method(build(method="set", sparsity=0.999, drop_fraction=0.3), "reallocate").options["fraction"] == 0.3


def test_rigl_has_the_settings_of_sets_job_and_its_own_rule():
    ours, theirs = (build(network="wide_resnet", method=m, sparsity=0.8).phases[-1] for m in ("rigl", "set"))
    assert ours.optimizer == theirs.optimizer
    assert ours.epochs == theirs.epochs
    assert [m.name for m in ours.methods] == ["learning-rate-table", "rigl", "masked-weights"]
    assert method(build(network="wide_resnet", method="rigl"), "rigl").options == {"periods": [100], "stop_epoch": 190}
    typed = {"update_interval": 50, "drop_fraction": 0.5, "stop_rewiring_epoch": 20, "initial_density": "erdos-renyi"}
    typed = build(method="rigl", sparsity=0.999, **typed)
    assert method(typed, "rigl").options == {"periods": [50], "stop_epoch": 20, "fraction": 0.5}
    assert typed.phases[0].method.name == "erdos-renyi-init"


def test_mixed_modes():
    across = method(build(method="set", growth_allocation="proportional"), "reallocate").options
    assert "allocation" not in across
    assert across["fraction"] > 0
    within = method(build(growth_allocation="within"), "reallocate").options
    assert within["allocation"] == "within"
    assert within["target"] == 600
    exact = method(build(drop_criterion="exact-count", variant="corrected"), "reallocate").options
    assert exact["exact_count"] is True
    assert exact["allocation"] == "exact"


def test_gradient_growth_reads_the_gradient_before_it_is_masked():
    phase = build(growth_rule="gradient").phases[-1]
    names = [m.name for m in phase.methods]
    assert names.index("reallocate") < names.index("masked-weights")


def test_a_schedule_from_a_file(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("lr: {0: 0.3, 5: 1e-5}\nperiod: {0: 10}\n")
    phase = build(schedule=str(file)).phases[-1]
    assert phase.methods[0].options == {"epochs": [0, 5], "values": [0.3, 1e-5]}
    assert method(build(schedule=str(file)), "reallocate").options["periods"] == [10]
    file.write_text("lr: {3: 0.3}\n")
    with pytest.raises(ReproError, match="start at epoch 0"):
        build(schedule=str(file))
    file.write_text("speed: {0: 0.3}\n")
    with pytest.raises(ReproError, match="lr"):
        build(schedule=str(file))


@pytest.mark.parametrize(
    ("options", "name", "column"),
    [
        ({"method": "dsr"}, "reallocate", "periods"),
        ({"method": "set"}, "reallocate", "periods"),
        ({"method": "deep-rewiring"}, "deep-rewiring", "temperatures"),
        ({"method": "deep-rewiring", "variant": "published-iclr"}, "deep-rewiring", "temperature_epochs"),
    ],
)
def test_tables_that_a_schedule_file_leaves_out_are_the_published_ones(options, name, column, tmp_path):
    file = tmp_path / "rates.yaml"
    file.write_text("lr: {0: 0.3}\n")
    options = {"network": "wide_resnet", **options}
    ours, theirs = build(schedule=str(file), **options), build(**options)
    assert method(ours, "learning-rate-table").options["values"] == [0.3]
    assert method(ours, name).options[column] == method(theirs, name).options[column]


def test_a_file_s_own_temperature_holds_for_the_earlier_code_too(tmp_path):
    file = tmp_path / "cold.yaml"
    file.write_text("lr: {0: 0.3}\ntemperature: {0: 1e-9}\n")
    deep = {"method": "deep-rewiring", "network": "wide_resnet", "schedule": str(file)}
    for variant in ("published", "published-iclr"):
        assert method(build(variant=variant, **deep), "deep-rewiring").options["temperatures"] == [1e-9]


@pytest.mark.parametrize("text", ["lr: {0: .inf}", "lr: {.inf: 0.1}", "lr: {0: -1}", "lr: {0: 0.1, 2.5: 1}", "lr: ["])
def test_a_schedule_file_of_nonsense_is_refused(text, tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(text + "\n")
    with pytest.raises(ReproError, match=r"whole epochs|YAML"):
        build(schedule=str(file))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"method": "dsr"},
            "no table period, which --method dsr needs; take one of wrnet_schedule, wrnet_schedule_long",
        ),
        ({"method": "set"}, "no table period, which --method set"),
        ({"method": "deep-rewiring"}, "no table temperature, which --method deep-rewiring"),
        ({"method": "static", "masks_of_dsr": "fresh"}, "which --masks-of-dsr needs"),
    ],
)
@pytest.mark.parametrize("schedule", ["wrnet_prune_schedule", "resnet_prune_schedule", "prune_schedule_mnist"])
def test_a_schedule_without_the_table_of_its_method_is_refused(schedule, options, words):
    with pytest.raises(ReproError, match=words):
        build(network="wide_resnet", schedule=schedule, **options)
    assert build(network="wide_resnet", method="static", schedule=schedule)


def test_the_penalty_that_deep_rewiring_has_by_itself_may_be_grouped():
    options = {"network": "wide_resnet", "method": "deep-rewiring", "kernel_group_lasso": True}
    assert method(build(**options), "masked-weights").options == {"l1": 1e-5, "kernel_lasso": True}


@pytest.mark.parametrize(
    ("separate", "together"),
    [
        (
            {"network": "wide_resnet", "method": "set", "sparsity_conv": 0.8},
            {"network": "wide_resnet", "method": "set"},
        ),
        ({"method": "set", "sparsity_linear": 0.8}, {"method": "set"}),
        (
            {"network": "wide_resnet", "method": "pruning", "target_sparsity_conv": 0.8},
            {"network": "wide_resnet", "method": "pruning"},
        ),
    ],
)
def test_the_sparsity_of_the_only_prunable_layers_is_the_sparsity(separate, together):
    """SET's published fraction is that of the sparsity, in whichever option it was said."""
    assert build(**separate) == build(sparsity=0.8, **together)


def test_both_kinds_of_layers_may_differ():
    start = build(network="imagenet_resnet50", sparsity=0.9, sparsity_linear=0.5).phases[0]
    assert start.method.options == {"conv": 0.9, "linear": 0.5}


def test_a_depth_is_refused_in_the_words_of_the_network():
    from shared.models.registry import build as network

    for depth in (9, 27, 29):
        with pytest.raises(ReproError) as early:
            build(network="wide_resnet", depth=depth)
        with pytest.raises(ReproError) as late:
            network(settings.model_for("wide_resnet", 2.0, depth=depth))
        assert str(early.value) == str(late.value)
    assert build(network="wide_resnet", depth=16).model.options == {"depth": 16}


COPIED = {"method": "static", "masks_of_dsr": "fresh", "network": "wide_resnet"}


def test_what_is_typed_beside_copied_masks_holds_for_the_run_that_finds_them():
    options = {"granularity": "row", "reallocations_per_update": 700, "stop_rewiring_epoch": 150, "weight_decay": 1e-3}
    _, search, _, static = build(**COPIED, **options, epochs=300, l1_coefficient=1e-5, growth_init="random").phases
    event = next(m for m in search.methods if m.name == "reallocate").options
    assert (event["target"], event["stop_epoch"], event["granularity"], event["new"]) == (700, 150, "row", "random")
    assert (search.epochs, static.epochs) == (200, 300)
    assert search.optimizer.weight_decay == static.optimizer.weight_decay == 1e-3
    assert all(any(m.options.get("l1") == 1e-5 for m in phase.methods) for phase in (search, static))
    assert not any(m.name == "reallocate" for m in static.methods)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"granularity": "row"}, "N_p counts units; add --reallocations-per-update"),
        ({"granularity": "filter"}, "N_p counts units"),
        ({"drop_criterion": "fraction"}, "needs --drop-fraction beside --masks-of-dsr"),
        ({"drop_fraction": 0.1}, "without --drop-criterion fraction"),
        ({"stop_rewiring_epoch": 250}, "beyond the 200 epochs"),
        ({"stop_rewiring_epoch": 250, "epochs": 300}, "beyond the 200 epochs"),
    ],
)
def test_the_search_for_copied_masks_is_refused_what_dsr_is(options, words):
    with pytest.raises(ReproError, match=words):
        build(**COPIED, **options)


def test_masks_of_a_dsr_run():
    names = [p.name for p in build(method="static", masks_of_dsr="fresh", network="wide_resnet").phases]
    assert names == ["masks", "train", "restart", "static"]
