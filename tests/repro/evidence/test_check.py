import json
import math

import pytest

from repro.evidence.check import broken, check
from repro.evidence.extra import Extra
from repro.evidence.line import to_line
from repro.evidence.store import append, read


def changed(record, **outcome):
    return record.model_copy(update={"outcome": record.outcome.model_copy(update=outcome)})


@pytest.mark.parametrize("status", ["finished", "diverged"])
@pytest.mark.parametrize("epochs", [1, 2, 20])
def test_a_good_record_keeps_every_law(factory, status, epochs):
    assert broken(factory.make_record(status=status, epochs=epochs)) == []


def chosen(record, counts):
    """The curve of a run that counts held-out images."""
    return type(record.outcome.curve)({**record.outcome.curve, "val_correct": counts})


CHANGES = {
    "remaining weights": lambda r: changed(r, remaining=r.outcome.remaining - 1),
    "prunable weights, not": lambda r: changed(r, prunable=r.outcome.prunable + 1),
    "multiply-adds over total": lambda r: changed(r, macs_dense=r.outcome.macs_dense + 1),
    "multiply-adds over remaining": lambda r: changed(r, macs_sparse=0),
    "correct of 360": lambda r: changed(r, last=r.outcome.last.model_copy(update={"correct": 361})),
    "best accuracy is below": lambda r: changed(r, best=r.outcome.best.model_copy(update={"correct": 0})),
    "not that of the last epoch": lambda r: changed(
        r, last=r.outcome.last.model_copy(update={"correct": r.outcome.last.correct - 1})
    ),
    "finished after epoch 3": lambda r: changed(r, last=r.outcome.last.model_copy(update={"epoch": 3})),
    "has 1 values for": lambda r: changed(r, curve=type(r.outcome.curve)({**r.outcome.curve, "lr": [0.1]})),
    "do not increase": lambda r: changed(r, curve=type(r.outcome.curve)({**r.outcome.curve, "epoch": [1] * 20})),
    "no count": lambda r: changed(r, curve=type(r.outcome.curve)({**r.outcome.curve, "remaining": [0.5] * 20})),
    "has 19 of the 20 epochs": lambda r: changed(
        r, curve=type(r.outcome.curve)({name: column[1:] for name, column in r.outcome.curve.items()})
    ),
    "among the five highest": lambda r: changed(
        r,
        curve=type(r.outcome.curve)({**r.outcome.curve, "test_top5": [c - 1 for c in r.outcome.curve["test_correct"]]}),
    ),
    "1 correct of the 0 held-out images": lambda r: changed(r, curve=chosen(r, [1] * 20)),
    "val_correct holds something that is no count": lambda r: changed(r, curve=chosen(r, [-1] * 20)),
    "shape": lambda r: changed(
        r, layers=(r.outcome.layers[0].model_copy(update={"shape": (1,)}), *r.outcome.layers[1:])
    ),
    "of 216 weights remain": lambda r: changed(
        r, layers=(r.outcome.layers[0].model_copy(update={"remaining": 217}), *r.outcome.layers[1:])
    ),
    "parameters": lambda r: changed(r, parameters=1),
    "no ISO date": lambda r: r.model_copy(update={"finished_at": "yesterday"}),
    "does not match its protocol": lambda r: r.model_copy(update={"identity": "0" * 64}),
    "cost is -1.0 s": lambda r: r.model_copy(update={"cost": r.cost.model_copy(update={"seconds": -1.0})}),
}
IMPOSSIBLE = {
    "last: 720 correct of 360": lambda r: changed(r, last=r.outcome.last.model_copy(update={"correct": 720})),
    "best: 0 correct of 0": lambda r: changed(r, best=r.outcome.best.model_copy(update={"correct": 0, "total": 0})),
    "best: epoch -1": lambda r: changed(r, best=r.outcome.best.model_copy(update={"epoch": -1})),
    "0 of 0 prunable weights": lambda r: changed(r, prunable=0, remaining=0),
    "-1 of": lambda r: changed(r, remaining=-1),
    "of 1 parameters": lambda r: changed(r, parameters=1),
    "trained on 0 samples": lambda r: changed(r, train_total=0),
    "cost is nan s": lambda r: r.model_copy(update={"cost": r.cost.model_copy(update={"seconds": math.nan})}),
    "cost is inf J": lambda r: r.model_copy(update={"cost": r.cost.model_copy(update={"energy_joules": math.inf})}),
}
CHANGES |= IMPOSSIBLE


def test_all_held_out_images_may_be_right_and_none(factory):
    record = factory.make_record()
    data = record.protocol.data.model_copy(update={"val_size": 9, "select_on": "val"})
    protocol = record.protocol.with_(data=data)
    there = record.model_copy(update={"protocol": protocol, "identity": protocol.identity})
    assert broken(changed(there, curve=chosen(there, [0, 9] * 10))) == []
    assert broken(changed(there, curve=chosen(there, [0, 10] * 10))) == [
        "its curve has 10 correct of the 9 held-out images"
    ]


@pytest.mark.parametrize("law", CHANGES)
def test_each_broken_law_is_named(factory, law):
    reasons = broken(CHANGES[law](factory.make_record()))
    assert any(law in reason for reason in reasons), reasons


@pytest.mark.parametrize("law", IMPOSSIBLE)
def test_a_record_with_an_impossible_number_is_a_problem_when_it_is_read(factory, tmp_path, law):
    good, bad = factory.make_record(seed=1), IMPOSSIBLE[law](factory.make_record(seed=2))
    text = bad.model_copy(update={"cost": good.cost})  # a cost that is no number is written as null
    line = to_line(text).replace(to_line(text).partition(b',"cost":')[2].partition(b"}")[0], cost_of(bad))
    (tmp_path / "a.jsonl").write_bytes(to_line(good) + line)
    records, (problem,) = read(tmp_path)
    assert records == [good]
    assert (problem.line, problem.kind, problem.identity) == (2, "law", bad.identity)
    assert law in problem.reason


def cost_of(record):
    return json.dumps(record.cost.model_dump()).encode().removesuffix(b"}")


def test_check_names_file_line_and_identity(factory, tmp_path):
    good = factory.make_record(seed=1)
    bad = CHANGES["remaining weights"](factory.make_record(seed=2))
    append(tmp_path / "a.jsonl", good)
    append(tmp_path / "a.jsonl", bad)
    (problem,) = check(tmp_path)
    assert (problem.line, problem.kind, problem.identity) == (2, "law", bad.identity)
    assert str(problem).startswith(f"{tmp_path / 'a.jsonl'}:2: ")


@pytest.mark.parametrize(
    ("part", "good", "bad"),
    [
        ("curve", b'"epoch":[1,', b'"epoch":[1,,'),
        ("layer table", b'"shape":[8,', b'"shape":[8,,'),
        ("layer table", b'"total":216', b'"total":"many"'),
        ("extra part", b'"bins":41', b'"bins":4x1'),
    ],
)
def test_check_reads_what_reading_leaves_as_text(factory, tmp_path, part, good, bad):
    record = changed(factory.make_record(), extra=Extra({"weights": {"bins": 41}}))
    (tmp_path / "a.jsonl").write_bytes(to_line(record).replace(good, bad, 1))
    assert len(read(tmp_path)[0]) == 1
    (problem,) = check(tmp_path)
    assert f"{part} in {tmp_path / 'a.jsonl'}:1 is damaged" in problem.reason
