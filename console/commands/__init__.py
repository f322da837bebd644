"""One file a command of `windfall`: it gives `command`, and is found by being here."""
