"""Post-training static quantisation of a finished network (flipout sheet, section 4.11)."""
