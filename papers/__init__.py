"""One package per paper: its exact protocol, its own methods and its claims."""
