"""Imported before everything else by what starts a process: until `imported` is called, nobody looks for garbage.

There is none among modules, and looking took a fifth to a third of every start (`docs/decisions/starting.md`).
"""

import gc

gc.disable()


def imported() -> None:
    """Look for garbage from now on, but not among what is there: that stays, and is shared by forks for longer."""
    gc.freeze()
    gc.enable()
