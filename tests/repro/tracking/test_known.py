import pytest

from repro import registry
from repro.tracking.content import run_name
from repro.tracking.known import described
from shared.paper import experiments_of


@pytest.fixture(scope="module")
def paper():
    return registry.load("flipout")


def test_a_record_of_an_experiment_gets_its_title_labels_and_claims(factory, paper):
    table = next(iter(paper.tables.values()))
    name = next(e for claim in table.claims for e in experiments_of(claim))
    base = factory.make_record(seed=43)
    protocol = paper.at_scale(name, "demo", 43)
    record = base.model_copy(update={"protocol": protocol, "identity": protocol.identity})
    (item,) = described([record])
    assert item.record is record
    assert item.title == paper.experiments[name].title
    assert dict(item.labels) == dict(paper.experiments[name].labels)
    assert item.table == table.id
    assert set(item.claims) == {c.id for c in table.claims if name in experiments_of(c)}
    assert run_name(item) == f"{item.title} · seed 43"


def test_a_run_of_no_experiment_or_of_an_unknown_paper_stays_as_it_is(factory):
    for record in (factory.make_record(), factory.make_record(factory.make_protocol(paper="nobody"))):
        (item,) = described([record])
        assert (item.record, item.title, item.claims) == (record, "", ())
