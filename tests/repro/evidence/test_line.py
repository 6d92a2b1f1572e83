import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.evidence.curve import Curve
from repro.evidence.extra import Extra
from repro.evidence.line import LineError, Reader, to_line
from repro.evidence.record import Layer, Outcome, Record
from shared.errors import ReproError

numbers = st.one_of(st.none(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
texts = st.text(max_size=12)
options = st.dictionaries(texts, st.one_of(texts, st.integers(), st.booleans()), max_size=3)


@given(
    curve=st.dictionaries(texts, st.lists(numbers, max_size=4), max_size=4),
    extra=st.dictionaries(texts, st.one_of(texts, options), max_size=3),
    name=texts,
    later=st.one_of(st.none(), st.dictionaries(texts, st.one_of(texts, options), max_size=3)),
    option=options,
    seed=st.integers(0, 2**40),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fast_way_of_reading_agrees_with_the_plain_one(factory, curve, extra, name, later, option, seed):
    base = factory.make_record(epochs=2)
    protocol = base.protocol.with_(seed=seed, model=base.protocol.model.model_copy(update={"options": option}))
    layers = (base.outcome.layers[0].model_copy(update={"name": name}), *base.outcome.layers[1:])
    parts = {**dict(base.outcome), "layers": layers, "extra": extra, "curve": curve}
    outcome = Outcome.model_validate(parts if later is None else {**parts, "later": later})
    record = base.model_copy(update={"protocol": protocol, "identity": protocol.identity, "outcome": outcome})
    line = to_line(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    read = Reader().read(line)
    assert read == Record.model_validate_json(line)
    assert read == record
    assert to_line(read) == line


def test_the_layout_of_to_line_leaves_curve_layers_and_extra_as_text(factory):
    base = factory.make_record()
    outcome = base.outcome.model_copy(update={"extra": Extra({"weights": {"bins": [1, 2]}})})
    record = Reader().read(to_line(base.model_copy(update={"outcome": outcome})))
    curve, layers, extra = record.outcome.curve, record.outcome.layers, record.outcome.extra
    assert not any(part.parsed for part in (curve, layers, extra))
    assert record.metric("top1_accuracy_at_epoch", epoch=3) is not None
    assert layers[0].total == 216
    assert extra["weights"] == {"bins": [1, 2]}
    assert len(curve) == 11
    assert all(part.parsed for part in (curve, layers, extra))


@pytest.mark.parametrize(
    "trick",
    [
        '},"environment":{"a":1',
        ',"curve":{"epoch":[1]}',
        ',"outcome":{',
        '"}]',
        '],"collapse":',
        ',"extra":{',
        "}",
        "]{",
    ],
)
def test_strings_that_look_like_layout_are_only_strings(factory, trick):
    base = factory.make_record(epochs=2)
    for place in ("environment", "extra", "curve", "layers", "collapse", "last", "later"):
        outcome, environment = base.outcome, base.environment
        if place == "environment":
            environment = environment.model_copy(update={"platform": trick})
        elif place == "extra":
            nested = {"curve": {"epoch": [9]}, "layers": [{}], "extra": {"extra": {}}, "last": {}}
            outcome = outcome.model_copy(update={"extra": {trick: trick, **nested}})
        elif place == "layers":
            first = Layer.model_validate({**dict(outcome.layers[0]), "note": [trick, {"layers": [trick]}]})
            outcome = outcome.model_copy(update={"layers": (first,)})
        elif place == "last":
            last = {**dict(outcome.last), "note": trick, "layers": [{"extra": {}}], "extra": {"x": 1}}
            outcome = Outcome.model_validate({**dict(outcome), "last": last})
        elif place == "later":
            later = {"layers": [{"x": trick}], "collapse": trick, "extra": {"y": trick}}
            outcome = Outcome.model_validate({**dict(outcome), "later": later})
        elif place == "collapse":
            outcome = outcome.model_copy(update={"collapse": trick})
        else:
            outcome = outcome.model_copy(update={"curve": Curve({trick: [1], "note": [trick]})})
        record = base.model_copy(update={"outcome": outcome, "environment": environment})
        assert Reader().read(to_line(record)) == record


def test_other_layouts_are_read_too(factory):
    record = factory.make_record()
    value = json.loads(record.model_dump_json())
    for text in (json.dumps(value), json.dumps(value, sort_keys=True), json.dumps(value, indent=1)):
        assert Reader().read(text.encode()) == record


def test_runs_of_one_study_keep_their_own_seed(factory):
    reader = Reader()
    for seed in (42, 7, 42, 0):
        record = factory.make_record(seed=seed)
        assert reader.read(to_line(record)).protocol == record.protocol


def test_records_of_several_places_keep_their_own_environment(factory):
    reader = Reader()
    for device in ("cpu", "NVIDIA H100", "cpu", 'a "quoted" {device}'):
        record = factory.make_record(device=device)
        assert reader.read(to_line(record)).environment == record.environment


def test_a_wrong_environment_is_named_in_every_line(factory):
    reader = Reader()
    for seed in (1, 2):
        line = to_line(factory.make_record(seed=seed)).replace(b'"device":"cpu"', b'"device":7')
        with pytest.raises(LineError, match=r"environment\.device: Input should be a valid string"):
            reader.read(line)


def test_an_altered_protocol_is_refused_in_every_layout(factory):
    record = factory.make_record(seed=42)
    for line in (to_line(record), record.model_dump_json().encode()):
        altered = line.replace(b'"seed":42', b'"seed":43')
        assert altered != line
        with pytest.raises(LineError, match="does not match its protocol"):
            Reader().read(altered)


def test_a_canonical_hash_of_a_text_that_is_not_canonical_is_refused(factory):
    import hashlib

    record = factory.make_record(seed=42)
    text = record.protocol.canonical_json()
    padded = text.replace('"seed":42', '"seed":42,"variant":"published"')
    line = to_line(record).replace(text.encode(), padded.encode())
    line = line.replace(record.identity.encode(), hashlib.sha256(padded.encode()).hexdigest().encode())
    with pytest.raises(LineError, match="does not match its protocol"):
        Reader().read(line)


def test_a_newer_schema_is_refused_by_its_number(factory):
    line = to_line(factory.make_record())
    with pytest.raises(LineError, match="record schema 2, newer than 1"):
        Reader().read(line.replace(b'"schema_version":1', b'"schema_version":2', 1))
    with pytest.raises(LineError, match="protocol schema 3, newer than 1"):
        Reader().read(line.replace(b'"protocol":{', b'"protocol":{"schema_version":3,"new":1,'))


@pytest.mark.parametrize(
    ("line", "reason"), [(b"{", "not JSON"), (b"[1]", "not a record"), (b"{}", "not a record"), (b"\xff\n", "not JSON")]
)
def test_what_is_no_record_is_said_to_be_none(line, reason):
    with pytest.raises(LineError, match=reason):
        Reader().read(line)


def test_a_wrong_field_is_named(factory):
    line = to_line(factory.make_record()).replace(b'"remaining":', b'"remaining_":', 1)
    with pytest.raises(LineError, match=r"outcome\..*remaining"):
        Reader().read(line)


def test_non_finite_numbers_are_written_as_null(factory):
    base = factory.make_record(epochs=2)
    outcome = base.outcome.model_copy(update={"curve": Curve({"train_loss": [1.0, float("nan")]})})
    line = to_line(base.model_copy(update={"outcome": outcome}))
    assert Reader().read(line).outcome.curve["train_loss"] == [1.0, None]


DAMAGE = {
    "curve": (b'"epoch":[1,', b'"epoch":[1,,'),
    "layer table": (b'"total":216,', b'"total":two,'),
    "extra part": (b'"bins":', b'"bins";'),
}


@pytest.mark.parametrize("part", DAMAGE)
def test_a_damaged_part_is_named_when_it_is_looked_at_and_not_before(factory, part):
    base = factory.make_record()
    outcome = base.outcome.model_copy(update={"extra": Extra({"weights": {"bins": [1, 2]}})})
    line = to_line(base.model_copy(update={"outcome": outcome}))
    record = Reader().read(line.replace(*DAMAGE[part], 1), "runs.jsonl:7")
    assert record.metric("top1_accuracy") == base.metric("top1_accuracy")
    with pytest.raises(ReproError, match=rf"The {part} in runs\.jsonl:7 is damaged"):
        [len(held) for held in (record.outcome.curve, record.outcome.layers, record.outcome.extra)]


def test_a_layer_that_lacks_a_field_is_named_when_the_table_is_looked_at(factory):
    line = to_line(factory.make_record()).replace(b'"total":216,', b"", 1)
    layers = Reader().read(line, "runs.jsonl:7").outcome.layers
    with pytest.raises(ReproError, match=r"layer table in runs\.jsonl:7 is damaged \(0\.total: Field required\)"):
        len(layers)


def test_unknown_fields_of_newer_records_survive(factory):
    value = json.loads(factory.make_record().model_dump_json())
    value["outcome"]["later"] = {"x": 1}
    value["note"] = "hello"
    record = Reader().read(json.dumps(value).encode())
    again = json.loads(to_line(record))
    assert again["outcome"]["later"] == {"x": 1}
    assert again["note"] == "hello"
