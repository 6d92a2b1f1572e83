"""The generated parts of the READMEs: ``python -m repro.report.readme [--check]``.

Between ``<!-- begin: WHAT -->`` and ``<!-- end -->`` stands what the committed evidence and the claims say. WHAT is
``table NAME``, ``tested NAME`` (the same without claims that no run of ours speaks about), ``tested NAME PATTERN`` (of
those only the claims whose experiments all match, such as ``mnist/*/99``), ``score NAME``, ``findings`` (of the paper's
appendix), ``published sentences`` or ``published table NAME``; in a README that is not a paper's it starts with the
paper: ``flipout table NAME``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from repro.registry import load, names
from repro.report.content import Content
from repro.report.markdown import escape, published_table, summary, verdict_table
from repro.report.write import gather
from repro.verdicts.published import judge_published
from repro.verdicts.table import TableVerdict
from shared.errors import ReproError
from shared.paper import experiments_of

ROOT = Path(__file__).resolve().parents[2]
PART = re.compile(r"(<!-- begin: (?P<what>[^>]*?) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def readmes(root: Path = ROOT) -> list[Path]:
    """The READMEs that may have generated parts."""
    return [p for p in (root / "README.md", *sorted((root / "papers").glob("*/README.md"))) if p.exists()]


def regenerate(path: Path) -> str:
    """The file's text with its generated parts made anew.

    Raises:
        ReproError: for a part that is not known or not closed.
    """
    text = path.read_text(encoding="utf-8")
    if text.count("<!-- begin:") != len(PART.findall(text)):
        raise ReproError(f"{path}: a part that begins has no <!-- end --> of its own; add it.")
    return PART.sub(lambda m: f"{m[1]}{_part(path, m['what'])}{m[4]}", text)


def stale(paths: Sequence[Path]) -> list[Path]:
    """The files whose generated parts are not what the evidence says now."""
    return [p for p in paths if p.read_text(encoding="utf-8") != regenerate(p)]


def _part(path: Path, what: str) -> str:
    words = what.split()
    paper = words.pop(0) if words and words[0] in names() else path.parent.name
    match words:
        case ["table", name]:
            return f"\n{verdict_table(_one(paper, name).verdicts[0])}\n"
        case ["tested", name]:
            return f"\n{_tested(_one(paper, name).verdicts[0])}\n"
        case ["tested", name, pattern]:
            return f"\n{_tested(_one(paper, name).verdicts[0], pattern)}\n"
        case ["score", name]:
            return "".join(f"- {line}\n" for line in summary(_one(paper, name).verdicts[0]))
        case ["findings"]:
            return "".join(
                f"- {escape(line)}\n" for line in gather(load(paper), [], _committed(paper)).appendix.findings
            )
        case ["published", "sentences"]:
            ids = {c.id for c in load(paper).sentences}
            return f"\n{published_table(v for v in judge_published(load(paper)) if v.claim.id in ids)}\n"
        case ["published", "table", name]:
            return f"\n{published_table(v for v, _ in _one(paper, name).sentences)}\n"
        case _:
            raise ReproError(
                f"{path}: nothing is called {what!r}; use table, tested or score with a NAME, findings, or published "
                "sentences."
            )


def _tested(table: TableVerdict, pattern: str = "*") -> str:
    """The table's verdicts that rest on runs of ours and on experiments like the pattern; how many are not shown.

    Raises:
        ReproError: if no claim is about such experiments.
    """
    about = [v for v in table.verdicts if all(fnmatch(e, pattern) for e in experiments_of(v.claim) or [""])]
    if not about:
        raise ReproError(f"No claim of table {table.table.id} is about experiments like {pattern}.")
    shown = tuple(v for v in about if v.label != "NOT TESTED")
    waiting = sum(v.label == "NOT TESTED" for v in table.verdicts)
    elsewhere = len(table.verdicts) - len(shown) - waiting
    left_out = [f"{waiting} of {len(table.verdicts)} claims that no run here speaks about"] if waiting else []
    left_out += [f"{elsewhere} on other experiments"] if elsewhere else []
    return verdict_table(replace(table, verdicts=shown)) + (
        f"\nNot shown: {', '.join(left_out)}.\n" if left_out else ""
    )


@cache
def _one(paper: str, table: str) -> Content:
    return gather(load(paper), [table], _committed(paper))


def _committed(paper: str) -> list[Path]:
    """The committed evidence only: a README must not depend on what else this machine has run."""
    folder = ROOT / "results" / paper
    return [folder] if folder.is_dir() else []


def main(words: Sequence[str]) -> int:
    """Rewrite the READMEs, or with ``--check`` name those that are stale and return 1."""
    if set(words) - {"--check"}:
        print(f"usage: python -m repro.report.readme [--check], not {' '.join(words)}", file=sys.stderr)
        return 2
    paths = readmes()
    old = stale(paths)
    for path in old:
        if "--check" in words:
            print(f"{path.relative_to(ROOT)} is stale; run python -m repro.report.readme", file=sys.stderr)
        else:
            path.write_text(regenerate(path), encoding="utf-8")
            print(f"{path.relative_to(ROOT)} rewritten")
    return 1 if old and "--check" in words else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReproError as error:
        sys.exit(f"error: {error}")
