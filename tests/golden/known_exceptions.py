"""Cases that cannot match, by paper and id, each with its reason. The aim is an empty list."""

EXCEPTIONS: dict[str, dict[str, str]] = {"dsr": {}, "flipout": {}, "hoyer": {}, "synflow": {}, "random_tickets": {}}
