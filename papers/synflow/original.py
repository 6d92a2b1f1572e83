"""The options of the original's ``main.py``: default, our counterpart, or why there is none (sheet, section 6)."""

from __future__ import annotations

from shared.original_flag import Flag

MACHINE = "of the machine: no part of a run's protocol"

FLAGS: tuple[Flag, ...] = (
    Flag("dataset", "mnist", "--dataset"),
    Flag("model", "fc", "--network"),
    Flag("model-class", "default", "--model-class", "chosen by network and data set where it is left out"),
    Flag("dense-classifier", "False", "--no-prune-classifier"),
    Flag(
        "pretrained", "False", "", "weights come from files that are not published; --pretrain-epochs trains them here"
    ),
    Flag("optimizer", "adam", "--optimizer", "momentum is nesterov here, rms is rmsprop"),
    Flag("train-batch-size", "64", "--batch-size", "256 in the assignment"),
    Flag("test-batch-size", "256", "", "evaluation is exact at any batch size"),
    Flag("pre-epochs", "0", "--pretrain-epochs"),
    Flag("post-epochs", "10", "--epochs"),
    Flag("lr", "0.001", "--lr"),
    Flag("lr-drops", "[]", "--lr-milestones"),
    Flag("lr-drop-rate", "0.1", "--lr-gamma"),
    Flag("weight-decay", "0", "--weight-decay"),
    Flag("pruner", "rand", "--pruner"),
    Flag(
        "compression",
        "0.0",
        "--log10-compression",
        "an exponent there; --compression is the ratio, --sparsity the rest",
    ),
    Flag("prune-epochs", "1", "--prune-iterations"),
    Flag("compression-schedule", "exponential", "--prune-schedule"),
    Flag("mask-scope", "global", "--prune-scope"),
    Flag("prune-dataset-ratio", "10", "--samples-per-class"),
    Flag("prune-batch-size", "256", "--score-batch-size"),
    Flag("prune-bias", "False", "--prune-bias", "any text is true in the original (trap 11); a switch here"),
    Flag("prune-batchnorm", "False", "--prune-batchnorm"),
    Flag("prune-residual", "False", "--prune-residual", "crashes there on every network that has such factors"),
    Flag("prune-train-mode", "False", "--train-mode"),
    Flag("reinitialize", "False", "--reinitialize", "crashes there on fc, conv and ImageNet ResNets"),
    Flag("shuffle", "False", "--shuffle", "does nothing there (trap 10)"),
    Flag("invert", "False", "--invert", "makes NaN there (trap 10)"),
    Flag("pruner-list", "[]", "--pruner", "lists: --pruner rand,mag"),
    Flag("prune-epoch-list", "[]", "--prune-iterations", "lists: --prune-iterations 1,100"),
    Flag("compression-list", "[]", "--compression", "lists: --compression 1,2,5"),
    Flag("level-list", "[]", "--levels", "lists: --levels 1,2,3"),
    Flag(
        "experiment",
        "singleshot",
        "",
        "singleshot and multishot are --levels; the others are figures of --table theory",
    ),
    Flag("expid", "", "", "runs are named by their settings"),
    Flag("result-dir", "Results/data", "", "--runs-dir, an option of every paper"),
    Flag("gpu", "0", "", f"--device, an option of every paper; {MACHINE}"),
    Flag("workers", "4", "", MACHINE),
    Flag("no-cuda", "False", "", "ignored there; --device cpu"),
    Flag("seed", "1", "", "--seed, an option of every paper"),
    Flag("verbose", "False", "", "every epoch is recorded"),
)


def table() -> str:
    """All of them as the table of the README."""
    rows = [f"| `--{f.name}` ({f.default or 'empty'}) | {f'`{f.ours}`' if f.ours else '–'} | {f.note} |" for f in FLAGS]
    return "\n".join(["| original flag (default) | ours | |", "| --- | --- | --- |", *rows])
