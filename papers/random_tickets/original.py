"""The options of the authors' and the reproduction's scripts: our counterpart, or the reason for none (sheet 6.2)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flag:
    """One option of an original; ``ours`` is our option, or empty with the reason in ``note``."""

    name: str
    ours: str
    note: str = ""


PLUMBING = "where and how a run is printed, stored and computed is not the paper's"
MASKS = "one run trains, prunes and trains again, and runs that share a dense training do it once"

FLAGS: tuple[Flag, ...] = (
    Flag("--ratio", "--ratio"),
    Flag("--pruning_ratio", "--ratio"),
    Flag("--init_prune_ratio", "--ratio"),
    Flag("--prune_ratio", "--ratio"),
    Flag("target_ratio", "--ratio"),
    Flag("--network", "--network"),
    Flag("--architecture", "--network"),
    Flag("--arch", "--network"),
    Flag("--depth", "--network"),
    Flag("--dataset", "--dataset"),
    Flag("--pruning", "--method", "random-uniform is --profile balanced of --variant answer42"),
    Flag("random-structured", "", "calls a function that does not exist (sheet 4.2)"),
    Flag("--SNIP", "--method"),
    Flag("--GraSP", "--method"),
    Flag("--smart_ratio", "--method"),
    Flag("--hybrid", "--method"),
    Flag("--hybrid_tickets", "--method"),
    Flag("--linear_keep_ratio", "--last-layer-keep"),
    Flag("--linear_decay", "--profile"),
    Flag("--ascend", "--profile"),
    Flag("--cubic", "--profile"),
    Flag("--uniform", "--profile"),
    Flag("vgg_scaling", "--depth-penalty"),
    Flag("L", "--variant"),
    Flag("samples_per_class", "--samples-per-class"),
    Flag("num_iters", "--score-rounds"),
    Flag("T", "--temperature"),
    Flag("reinit", "--redraw-classifier"),
    Flag("-sc", "--check"),
    Flag("--randLabel", "--check"),
    Flag("--shufflePixel", "--check", "--pixel-mode says what moves"),
    Flag("corrupt_data", "--check"),
    Flag("--rearrange", "--check"),
    Flag("layerwise_rearrange", "--check"),
    Flag("--shuffle_unmasked_weights", "--check"),
    Flag("--max_batch_idx", "--check", "--half-mode says which half"),
    Flag("--rewind_epoch", "--rewind-epoch"),
    Flag("--rewinding_type", "--method"),
    Flag("--fine_tuning_epochs", "--finetune-epochs", "0 meant no pruning at all; here it is refused (trap 17)"),
    Flag("--epochs", "--epochs"),
    Flag("--start-epoch", "--rewind-epoch"),
    Flag("--lr", "--lr"),
    Flag("--gamma", "", "always 0.1; --set phases.N.schedule.gamma=VALUE changes it for one run"),
    Flag("--schedule", "", "always half and three quarters; --set phases.N.schedule.milestones=[A,B] for one run"),
    Flag("--lr_schedule", "--lr-schedule"),
    Flag("--wd", "--weight-decay"),
    Flag("--weight-decay", "--weight-decay"),
    Flag("--batch_size", "--batch-size"),
    Flag("--train-batch", "--batch-size"),
    Flag("--seed", "--seed"),
    Flag("--manualSeed", "--seed"),
    Flag("--prune_last", "", "of a type by which any text is true, so the last layer was always pruned (sheet 4.2)"),
    Flag("--load_model", "", MASKS),
    Flag("--save_model", "", MASKS),
    Flag("--model", "", MASKS),
    Flag("--resume", "", MASKS),
    Flag("--exception", "", "GraSP's protected layer: -1, none, in every configuration (sheet 4.6)"),
    Flag("--print_output", "", PLUMBING),
    Flag("--writerdir", "", PLUMBING),
    Flag("--gpu-id", "--device"),
    Flag("--workers", "", PLUMBING),
    Flag("--run", "", PLUMBING),
    Flag("--config", "", "its keys are options here"),
    Flag("--name", "", PLUMBING),
)
