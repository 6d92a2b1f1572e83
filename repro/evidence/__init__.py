"""Records of finished runs: written once, checked anywhere."""
