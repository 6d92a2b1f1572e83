import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.evidence.curve import Curve
from repro.evidence.line import LineError, Reader, to_line
from repro.evidence.record import Record
from shared.errors import ReproError

numbers = st.one_of(st.none(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
texts = st.text(max_size=12)
options = st.dictionaries(texts, st.one_of(texts, st.integers(), st.booleans()), max_size=3)


@given(
    curve=st.dictionaries(texts, st.lists(numbers, max_size=4), max_size=4),
    extra=st.dictionaries(texts, st.one_of(texts, options), max_size=3),
    option=options,
    seed=st.integers(0, 2**40),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fast_way_of_reading_agrees_with_the_plain_one(factory, curve, extra, option, seed):
    base = factory.make_record(epochs=2)
    protocol = base.protocol.with_(seed=seed, model=base.protocol.model.model_copy(update={"options": option}))
    outcome = base.outcome.model_copy(update={"curve": Curve(curve), "extra": extra})
    record = base.model_copy(update={"protocol": protocol, "identity": protocol.identity, "outcome": outcome})
    line = to_line(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    read = Reader().read(line)
    assert read == Record.model_validate_json(line)
    assert read == record
    assert to_line(read) == line


def test_fast_layout_leaves_the_curve_as_text(factory):
    record = Reader().read(to_line(factory.make_record()))
    assert record.outcome.curve.parsed is False
    assert record.metric("top1_accuracy_at_epoch", epoch=3) is not None
    assert record.outcome.curve.parsed is True


@pytest.mark.parametrize("trick", ['},"environment":{"a":1', ',"curve":{"epoch":[1]}', ',"outcome":{', '"}]'])
def test_strings_that_look_like_layout_are_only_strings(factory, trick):
    base = factory.make_record(epochs=2)
    for place in ("environment", "extra", "curve"):
        outcome, environment = base.outcome, base.environment
        if place == "environment":
            environment = environment.model_copy(update={"platform": trick})
        elif place == "extra":
            outcome = outcome.model_copy(update={"extra": {trick: trick, "curve": {"epoch": [9]}, "last": {}}})
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


def test_a_damaged_curve_names_its_line_when_it_is_looked_at(factory):
    line = to_line(factory.make_record()).replace(b'"epoch":[1,', b'"epoch":[1,,')
    record = Reader().read(line, "runs.jsonl:7")
    with pytest.raises(ReproError, match=r"runs\.jsonl:7 is damaged"):
        record.metric("top1_accuracy_at_epoch", epoch=1)


def test_unknown_fields_of_newer_records_survive(factory):
    value = json.loads(factory.make_record().model_dump_json())
    value["outcome"]["later"] = {"x": 1}
    value["note"] = "hello"
    record = Reader().read(json.dumps(value).encode())
    again = json.loads(to_line(record))
    assert again["outcome"]["later"] == {"x": 1}
    assert again["note"] == "hello"
