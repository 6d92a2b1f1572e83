from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "mlflow", "pandas", "matplotlib", "scipy", "sklearn")
PROBE = """
import json, sys
from repro.cli import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    code = left.code
print(json.dumps([code or 0, [m for m in {heavy} if m in sys.modules]]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["list"], ["list", "flipout"], ["show", "flipout"], ["run", "flipout", "-h"]]
)
def test_looking_around_imports_nothing_heavy(words):
    probe = PROBE.replace("{heavy}", repr(HEAVY))
    done = subprocess.run([sys.executable, "-c", probe, *words], capture_output=True, text=True, check=True, timeout=60)
    code, imported = json.loads(done.stderr.splitlines()[-1])
    assert (code, imported) == (0, [])
    assert done.stdout


BEFORE_THE_FIRST_RUN = """
from repro.registry import load
from repro.request import Request, check, prepare
from repro.verdicts.table import find_table
paper = load("flipout")
prepared = prepare(Request(paper, find_table(paper, "vgg19"), "demo"))
check(prepared)
assert prepared.left
"""


def test_a_demo_is_prepared_without_pytorch_and_without_statistics():
    heavy = (*HEAVY, "scipy.stats", "scipy.special")
    code = f"{BEFORE_THE_FIRST_RUN}\nimport sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "['scipy']\n"


def test_a_demo_s_data_and_network_come_without_scikit_learn_and_sympy():
    code = """
import sys
from shared.data.embedded import digits
from shared.models.registry import build
from shared.protocol import Model
digits(), build(Model(name="vgg19", width=0.0625))
print([m for m in ("sklearn", "pandas", "sympy") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_an_error_in_a_process_of_its_own_is_one_line_and_code_2():
    command = [sys.executable, "-c", "from repro.cli import main; main()", "show", "flipot"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 2
    assert done.stderr == "Error: There is no paper 'flipot'; did you mean flipout?\n"
    assert done.stdout == ""
