"""A program, not a test: a thin ResNet-50 of the DSR paper on a folder of pictures, alone or with other processes.

Usage: ``python folder_run.py RUNS DATA [STEP]``; with STEP the process ends there by SIGKILL.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from repro.launch.job import Job
from repro.launch.processes import launched

WORDS = [
    "--network", "imagenet_resnet50", "--scale", "demo", "--precision", "float64", "--device", "cpu",
    "--set", "data.name=imagefolder", "--set", "data.resize=64", "--set", "data.per_class=null",
    "--set", "data.shorter_side=73", "--set", 'data.augment=[{"kind": "resized-crop"}, {"kind": "flip"}]',
    "--set", "model.classes=3", "--set", "model.channels=3", "--set", "model.size=64",
    "--set", "phases.masks.method.options.conv=0.3", "--set", "phases.masks.method.options.linear=0.3",
    "--set", "phases.train.batch_size=14", "--set", "phases.train.epochs=2",
    "--set", "phases.train.methods.reallocate.options.period_epochs=[0]",
    "--set", "phases.train.methods.reallocate.options.periods=[2]",
    "--set", "phases.train.methods.learning-rate-table.options.values=[0.005,0.005,0.005,0.005]",
]  # fmt: skip
"""Two steps of an epoch: 14 and 13 images; weights move between tensors at every second one.

Few steps of low sparsity and rate for a reason. So thin a network on so few images amplifies any change: initial
weights off by 1e-15 move the loss by 1e-7 after four steps of 32x32 images, and by 1e-2 after six. At 90 % whole
channels are constant, and the sign of rounding error in their normalised value decides about gradients.
"""


def job(runs: Path, data: Path) -> Job:
    """The run as ``repro run dsr`` plans it, with a checkpoint after every epoch."""
    from repro.registry import load
    from repro.single import Asked, plan
    from repro.single import job as job_of

    named = dict(zip(WORDS[::2], WORDS[1::2], strict=True))
    sets = [value for flag, value in zip(WORDS[::2], WORDS[1::2], strict=True) if flag == "--set"]
    asked = Asked(
        options={"network": named["--network"]},
        scale=named["--scale"],
        precision=named["--precision"],
        device=named["--device"],
        sets=sets,
        data_dir=data,
        runs_dir=runs,
        threads=1,
    )
    return replace(job_of(plan(load("dsr"), asked), launched()), checkpoint_seconds=0.0)


def die_at(step: int) -> None:
    """From now on this process does not survive a step."""
    from shared.training.step import Step

    inner = Step.__call__

    def fatal(self: Step, batch: Any) -> None:
        inner(self, batch)
        if self.state.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    Step.__call__ = fatal  # type: ignore[method-assign]


if __name__ == "__main__":
    from repro.launch.execute import execute

    if len(sys.argv) > 3:
        die_at(int(sys.argv[3]))
    ended = execute(job(Path(sys.argv[1]), Path(sys.argv[2])))
    print(ended.state, ended.sentence)
