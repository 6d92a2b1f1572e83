from repro.report import facts
from repro.report.checklist import NO_RUN, checklist
from repro.report.runs import groups
from repro.verdicts.verdict import Verdict
from shared.claims import Compound, Deviation, Ordering
from shared.protocol import Augment, Data

LEAF = Ordering(id="o", table="t", text="", better="a", worse="b")
WIDTH = Deviation("model.width", None, 0.25, True)


def test_a_deviation_is_counted_where_it_is_and_not_again_in_the_compound():
    parts = (
        Verdict(claim=LEAF, label="SUPPORTED", reason="", scale="demo", deviations=(WIDTH,)),
        Verdict(claim=LEAF, label="SUPPORTED", reason="", scale="paper"),
    )
    whole = Compound(id="c", table="t", text="", parts=(LEAF, LEAF))
    verdict = Verdict(claim=whole, label="SUPPORTED", reason="", scale="paper", deviations=(WIDTH,), parts=parts)
    assert facts.deviations([verdict]) == [("demo", "model.width", "unset", "0.25", "yes", "1")]


def test_cost_is_the_sum_over_runs_and_energy_only_where_every_run_has_it(made):
    runs = [made("vgg19/flipout/99.9", "demo", seed) for seed in (42, 43)]
    hours = f"{sum(r.cost.seconds for r in runs) / 60:.0f} min"
    row = ("demo", "NVIDIA H100 80GB HBM3", "2", str(2 * runs[0].protocol.epochs), hours)
    assert facts.cost(runs) == [(*row, "not recorded")]
    known = [r.model_copy(update={"cost": r.cost.model_copy(update={"energy_joules": 1.8e6})}) for r in runs]
    assert facts.cost(known)[0][-1] == "1 kWh"


def test_environments_are_counted_once_each(made):
    runs = [made("vgg19/flipout/99.9", "demo", seed) for seed in (42, 43)]
    runs.append(made("vgg19/flipout/99.9", "demo", 44, device="cpu", commit=None))
    assert [(row[0], row[1], row[-1]) for row in facts.environment(runs)] == [
        ("2", "NVIDIA H100 80GB HBM3", "0123456789ab"),
        ("1", "cpu", "unknown"),
    ]


def test_sizes_state_our_count_and_the_originals(paper, made):
    (row,) = facts.size(groups(paper, [made("vgg19/flipout/99.9", "demo")]))
    found = dict(zip(facts.SIZE, row, strict=True))
    assert found["prunable"] == "589,824"
    assert found["the original's count, all"] == "398,136,320"
    share = float(found["MACs sparse"].replace(",", "")) / float(found["MACs dense"].replace(",", ""))
    assert float(found["sparse / dense (%)"]) == round(100 * share, 3)


def test_a_diverged_run_is_a_result_that_is_named(paper, made):
    record = made("vgg19/flipout/99.9", "demo")
    record = record.model_copy(update={"outcome": record.outcome.model_copy(update={"status": "diverged"})})
    (sentence,) = facts.collapses(groups(paper, [record]))
    assert sentence.startswith("VGG19, FlipOut, 99.9 %, demo scale, seed 42: the loss stopped being finite")


def test_without_runs_the_checklist_says_so(paper):
    answers = dict(checklist(paper, [], []))
    assert answers["Number of runs and seeds"] == answers["Total compute"] == answers["Failed runs"] == [NO_RUN]


def test_the_checklist_says_what_a_crop_is_padded_with(paper, made):
    record = made("vgg19/flipout/99.9", "demo")
    crops = (Augment(kind="pad-crop", padding=4), Augment(kind="pad-crop", padding=4, padding_mode="reflect"))
    for crop, words in zip(crops, ("pad-crop 4", "pad-crop 4 (reflect)"), strict=True):
        protocol = record.protocol.with_(data=Data(name="cifar10", augment=(crop,)))
        (sentence,) = dict(checklist(paper, [record.model_copy(update={"protocol": protocol})], []))[
            "Preprocessing and augmentation"
        ]
        assert sentence.endswith(f"augmented by {words}")


def test_the_checklist_says_how_pictures_are_cropped(paper, made):
    record = made("vgg19/flipout/99.9", "demo")
    crops = (
        Augment(kind="resized-crop"),
        Augment(kind="grayscale", probability=0.2),
        Augment(kind="colour-jitter", strength=0.4),
        Augment(kind="flip"),
    )
    data = Data(name="imagenet", resize=224, shorter_side=256, augment=crops)
    record = record.model_copy(update={"protocol": record.protocol.with_(data=data)})
    (sentence,) = dict(checklist(paper, [record], []))["Preprocessing and augmentation"]
    assert sentence == (
        "imagenet: shorter side resized to 256 and the central 224 cut out, as stored, augmented by resized-crop of "
        "0.08 to 1 of the area, grayscale with p = 0.2, colour-jitter 0.4, flip with p = 0.5"
    )


def test_durations_are_for_people():
    assert [facts.duration(s) for s in (40, 300, 7200, 86400 * 3)] == ["40 s", "5 min", "2.0 h", "3.0 days"]
