"""Post-training static quantisation of a finished network (flipout sheet, section 4.11)."""

from shared.quantisation.observers import check
from shared.quantisation.phase import run_quantise_phase

__all__ = ["check", "run_quantise_phase"]
