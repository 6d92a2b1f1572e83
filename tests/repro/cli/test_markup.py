"""What comes from elsewhere is shown as it is: a folder's name is no markup."""

import json
from pathlib import Path


def test_names_with_brackets(home, repro):
    folder = home / "we[bold]ird" / "x[/oops]"
    folder.mkdir(parents=True)
    (folder / "bad.jsonl").write_text("not a record\n")
    said = repro("verify", "flipout", "--from", folder)
    assert said.code == 3
    assert "we[bold]ird/x[/oops]" in "".join(said.err.split("\n"))


def test_skipped_lines_are_named_beside_sound_ones(home, repro):
    sound = Path(__file__).parents[3] / "results" / "dsr" / "paper.jsonl"
    folder = home / "x[/oops]"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_bytes(sound.read_bytes().splitlines(keepends=True)[0])
    (folder / "bad.jsonl").write_text("not a record\n")
    said = repro("verify", "dsr", "--table", "mnist", "--from", folder)
    assert "x[/oops]/bad.jsonl" in said.err.replace("\n", "")
    assert said.code in (0, 3)


def test_remarks_stand_beside_their_reason(home, repro):
    """What Holm's correction takes is said on the terminal too."""
    flags = [
        f for v in json.loads(repro("verify", "flipout", "--published", "--json").out)["verdicts"] for f in v["flags"]
    ]
    assert flags
    shown = "".join(repro("verify", "flipout", "--published").out.split())
    assert "Holm" in " ".join(flags)
    assert "Holm" in shown
