"""The 47 options of the original script: default, meaning and our counterpart (dsr sheet, section 6.4)."""

from __future__ import annotations

from shared.original_flag import Flag

ENGINE = "the engine decides this"

FLAGS: tuple[Flag, ...] = (
    Flag("epochs", 100, "--epochs"),
    Flag("start-epoch", 0, "", "runs resume by themselves, with all their state"),
    Flag("model", "mnist_mlp", "--network"),
    Flag("batch-size", 100, "--batch-size"),
    Flag("lr", 0.1, "", "never had an effect: rates come from the schedule (--schedule)"),
    Flag("momentum", 0.9, "--momentum"),
    Flag("nesterov", True, "--nesterov", "any text was True in the original"),
    Flag("weight-decay", 1e-4, "--weight-decay"),
    Flag("l1-loss-coeff", 0.0, "--l1-coefficient"),
    Flag("print-freq", 10, "", "every epoch is recorded; the original's code used 50"),
    Flag("layers", 28, "--depth"),
    Flag("start-pruning-after-epoch", 20, "--pruning-start-epoch"),
    Flag("prune-epoch-frequency", 2, "--pruning-interval-epochs"),
    Flag("prune-target-sparsity-fc", 0.98, "--target-sparsity-linear"),
    Flag("prune-target-sparsity-conv", 0.5, "--target-sparsity-conv"),
    Flag("prune-iterations", 1, "--pruning-steps"),
    Flag("post-prune-epochs", 10, "--fine-tune-epochs"),
    Flag("n-prune-params", 600, "--reallocations-per-update"),
    Flag("threshold-prune", False, "--drop-criterion"),
    Flag("prune", False, "--method", "--method pruning"),
    Flag("validate-set", False, "--val-size", "held-out images, from which nothing is selected"),
    Flag("rewire-scaling", False, "--growth-allocation"),
    Flag("tied", False, "--method", "--method tied"),
    Flag("rescale-tied-gradient", False, "--rescale-tied-gradient", "acts with --variant corrected alone"),
    Flag("rewire", False, "--method", "--method dsr or set"),
    Flag("no-validate-train", False, "", "training accuracy is counted while training, at no cost"),
    Flag("deepr", False, "--method", "--method deep-rewiring"),
    Flag("deepr-eta", 0.1, "--deep-rewiring-eta", "the help says 0.1, the code used 0.001"),
    Flag("stop-rewire-epoch", 1000, "--stop-rewiring-epoch"),
    Flag("no-batch-norm", False, "--no-batch-norm"),
    Flag("rewire-fraction", 0.1, "--drop-fraction"),
    Flag("sub-kernel-granularity", 2, "--granularity"),
    Flag("cubic-prune-schedule", False, "--pruning-schedule"),
    Flag("sparse-resnet-downsample", False, "--sparse-downsample"),
    Flag("conv-group-lasso", False, "--kernel-group-lasso"),
    Flag("big-new-weights", False, "--growth-init"),
    Flag("widen-factor", 10, "--width-multiplier"),
    Flag("initial-sparsity-conv", 0.5, "--sparsity-conv"),
    Flag("initial-sparsity-fc", 0.98, "--sparsity-linear"),
    Flag("job-idx", 0, "", "runs are named by their settings"),
    Flag("no-augment", False, "--no-augmentation"),
    Flag("data", "", "--data-dir", "an option of every paper"),
    Flag("workers", 8, "", ENGINE),
    Flag("copy-mask-from", "", "--masks-of-dsr", "the masks come from a DSR run inside the same run"),
    Flag("resume", "", "--masks-of-dsr", "initial or fresh; dense training before pruning is part of the run"),
    Flag("schedule-file", "./schedule.yaml", "--schedule"),
    Flag("name", "", "", "unused in the original"),
)


def default(name: str) -> float:
    """The numeric default of an option."""
    return float(next(f.default for f in FLAGS if f.name == name))


def count() -> float:
    """Number of options."""
    return float(len(FLAGS))
