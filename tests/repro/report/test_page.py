import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from repro.report.content import Content
from repro.report.page import render
from repro.report.rows import cells
from repro.report.runs import Found
from repro.report.write import as_text, gather
from shared.claims import Table

SVG = {"svg", "defs", "style", "g", "path", "use", "clippath", "rect", "text"}
HTML = set(
    """html head meta title style body a header p h1 h2 h3 ul li b nav main section details summary div table thead tr
    th tbody td span code dl dt dd figure figcaption footer""".split()  # noqa: SIM905
)


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.ids, self.words = set(), [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        self.ids += [value for key, value in attrs if key == "id"]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


def seen(html):
    parser = Seen()
    parser.feed(html)
    parser.close()
    return parser


def content(paper, records, *tables):
    return Content(
        paper, Found(tuple(records), ()), tuple(paper.table(t) for t in tables), "repro report flipout", tables
    )


@pytest.fixture(scope="module")
def records(made):
    methods = ("flipout", "global-magnitude", "random")
    runs = [made(f"vgg19/{m}/99.9", "paper", seed) for m in methods for seed in (42, 43)]
    return runs + [made(f"resnet18/{m}/99.9", "demo", seed) for m in methods for seed in (42, 43)]


@pytest.fixture(scope="module")
def full(paper, records):
    return content(paper, records, "vgg19", "resnet18", "schedule")


@pytest.fixture(scope="module")
def page(full):
    return render(full)


@pytest.fixture(scope="module")
def empty(paper, tmp_path_factory):
    return render(gather(paper, paths=[], runs_dir=tmp_path_factory.mktemp("none")))


def test_every_claim_of_the_paper_is_on_the_page_without_any_run(paper, empty):
    ids = set(seen(empty).ids)
    claims = [c.id for t in paper.tables.values() for c in t.claims]
    assert {f"claim-{c}" for c in claims} <= ids
    assert all(c.id in empty for c in paper.sentences)


def test_what_no_run_speaks_about_is_folded_away_where_something_was_tested(full, page, empty):
    table = next(t for t in full.verdicts if t.table.id == "vgg19")
    untested = [v for v in table.verdicts if v.label == "NOT TESTED"]
    assert 0 < len(untested) < len(table.verdicts)
    here = page[page.index('id="table-vgg19"') : page.index('id="table-resnet18"')]
    shown, fold, folded = here.partition(f"{len(untested)} claims that no run here speaks about")
    assert fold
    for verdict in table.verdicts:
        own = folded if verdict in untested else shown
        assert f'id="claim-{verdict.claim.id}"' in own
    assert "claims that no run here speaks about" not in empty


def test_without_runs_the_page_says_what_is_missing_and_how_to_get_it(paper, empty):
    text = seen(empty).text
    assert "no run yet" in text
    assert all(f"repro verify flipout --table {t} --scale paper" in text for t in ("vgg19", "grid", "noise"))
    assert "two-sided p = 0.058" in text, "the published numbers are judged all the same"
    assert 'id="grid-vgg19-published"' in empty
    assert len(empty) < 3e6


def test_the_page_needs_no_network(page, empty):
    for html in (page, empty):
        found = seen(html)
        assert found.tags <= SVG | HTML
        links = [v for k, v in found.attributes if k in ("href", "src", "xlink:href", "srcset", "action", "data")]
        assert links
        assert all(v.startswith("#") for v in links)
        assert "@import" not in html
        assert not re.search(r"url\((?!#)", html)


def test_ids_are_unique_and_references_lead_somewhere(page):
    found = seen(page)
    assert len(found.ids) == len(set(found.ids))
    targets = {v[1:] for k, v in found.attributes if k in ("href", "xlink:href")}
    targets |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert targets <= set(found.ids)


def test_the_same_evidence_gives_the_same_bytes(full, page):
    assert render(replace(full)) == page


def test_colours_follow_the_theme_of_the_page(page):
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) >= 6
    assert all("var(--c0)" in d or "var(--c1)" in d for d in drawings)
    assert all("currentColor" in d and 'role="img"' in d and "aria-label=" in d for d in drawings)


def test_all_formats_print_the_same_numbers(full, page):
    text = seen(page).text
    markdown, latex = as_text(full, "md"), as_text(full, "tex")
    for verdict in (v for t in full.verdicts for v in t.verdicts):
        for cell in cells(verdict)[1:5]:
            assert cell in text
            assert cell in re.sub(r"\\([^\\])", r"\1", markdown)
            assert cell.replace("±", r"$\pm$").replace("–", "--").replace("%", r"\%") in latex


def test_both_sides_of_a_sentence_stand_in_one_row(page):
    row = re.search(
        r'<tr role="row"><th[^>]*>FlipOut on VGG19 at 99.9.% is more accurate than global.*?</tr>', page, re.DOTALL
    )
    assert "NOT SIGNIFICANT" in row[0]
    assert "SUPPORTED" in row[0]


def test_the_tally_counts_what_is_counted(full, page):
    """A number that is only recalled, or a comparison of ours, is no verdict on the paper."""
    shown = [v for t in full.verdicts for v in t.verdicts]
    assert "shown, not counted" not in page
    first = replace(full.verdicts[0], verdicts=tuple(replace(v, gating=False) for v in full.verdicts[0].verdicts))
    recalled = replace(full)
    recalled.__dict__["verdicts"] = [first, *full.verdicts[1:]]  # where the property keeps what it computed
    count = re.compile(r'<li class="chip \w+"><b>(\d+)</b> ([^<]+)</li>')
    rest = len(shown) - len(first.verdicts)
    assert sum(int(n) for n, _ in count.findall(page)) == len(shown)
    found = {name: int(n) for n, name in count.findall(render(recalled))}
    assert found.pop("shown, not counted") == len(first.verdicts) > 0
    assert sum(found.values()) == rest


def test_conditions_and_checklist_come_from_the_records(page):
    text = seen(page).text
    assert "NVIDIA H100 80GB HBM3" in text
    assert "0123456789ab" in text
    assert "paper scale: 6 runs of 3 experiments, 2 each; seeds 42, 43" in text
    assert "features.12.weight has no weight left" in text
    assert "learning rate 0.1, times 0.1 after epochs 150, 250" in text
    assert "398,136,320" in text
    assert "model.width" in text, "a deviation of the demo"


HOSTILE = "</style></svg><script>alert(1)</script><img src=x onerror=alert(2)>$\\frac{&quot;'\""


def test_names_from_records_and_papers_are_only_text(paper, made):
    name = "vgg19/flipout/99.9"
    bad = replace(paper.experiments[name], title=f"VGG19, {HOSTILE}, 99.9 %")
    tables = {"vgg19": replace(paper.table("vgg19"), title=HOSTILE, note=HOSTILE)}
    hostile = replace(paper, experiments={**paper.experiments, name: bad}, tables=tables, title=HOSTILE)
    records = [made(name, "paper", seed, device=HOSTILE, platform=HOSTILE, data_notes=[HOSTILE]) for seed in (42, 43)]
    for i, record in enumerate(records):
        layers = tuple(x.model_copy(update={"name": HOSTILE + x.name}) for x in record.outcome.layers)
        outcome = record.outcome.model_copy(update={"collapse": HOSTILE, "layers": layers})
        records[i] = record.model_copy(update={"outcome": outcome})
    html = render(content(hostile, records, "vgg19"))
    found = seen(html)
    assert found.tags <= SVG | HTML
    assert not [k for k, _ in found.attributes if k.startswith("on") or k == "src"]
    assert found.text.count("alert(1)") >= 8, "it is shown, as text"


def test_a_table_of_one_sparsity_that_has_no_run_gets_no_figure(paper):
    assert content(paper, [], "vgg19").pictures == []


def test_runs_that_lack_curves_layers_and_weights_leave_their_figures_out(paper, made):
    record = made("vgg19/flipout/99.9", "paper")
    outcome = record.outcome.model_copy(update={"curve": type(record.outcome.curve)({}), "layers": (), "extra": {}})
    bare = record.model_copy(update={"outcome": outcome})
    assert [p.kind for p in content(paper, [bare], "vgg19").pictures] == ["table"]
    assert "VGG19, FlipOut, 99.9" in seen(render(content(paper, [bare], "vgg19"))).text


def test_a_table_without_claims_is_a_table(paper):
    bare = replace(paper, tables={"none": Table("none", "Nothing", ())}, sentences=())
    assert "Nothing" in render(content(bare, [], "none"))


def test_the_page_says_by_which_rules_sentences_are_judged(page):
    """Published numbers by two-sided tests, ours by one-sided ones; the document has the rest."""
    words = seen(page).text
    section = words[words.index("Each sentence is judged twice") :][:600]
    assert "by a two-sided Welch test at 5 %, NOT SIGNIFICANT where chance could explain the difference" in section
    assert "by a one-sided test at 5 %, and after Holm's correction" in section
    assert "same rules" not in section
    document = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text()
    part = document[document.index("## On the published numbers") :].partition("\n## ")[0]
    assert all(f"| {label} |" in part for label in ("SUPPORTED", "CONTRADICTED", "NOT SIGNIFICANT", "INCONCLUSIVE"))


def test_commands_on_the_page_can_be_pasted(paper, records):
    """A folder with a space or a quote in its name stands as a shell takes it."""
    there = Content(
        paper, Found(tuple(records), ("my runs/it's",)), (paper.table("vgg19"),), "repro report flipout", ("vgg19",)
    )
    (line,) = [x for x in render(there).splitlines() if "--table vgg19 --from" in x]
    words = shlex.split(seen(line).text)
    assert words[words.index("--from") + 1] == "my runs/it's"
