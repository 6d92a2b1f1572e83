"""Networks, one small file per family."""
