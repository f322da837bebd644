"""When a device that has not answered a command is pushed: ever more rarely, and not for ever."""

from datetime import timedelta

PUSHES = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 240, 720, *[1440] * 30))
"""Between one push of a device that has not answered and the next; after a month it is left to come by itself."""

NOT_NOW = timedelta(minutes=5)
"""After so long a device that said NotNow is pushed; it asks by itself only when that was the last thing it said."""


def pause_after(pushes: int) -> timedelta | None:
    """Before the next push of a device that says NotNow after so many; None: it is pushed no more.

    What it says to a push must not bring the next one nearer, or a locked device would be pushed all day.
    """
    if pushes == 0:
        return NOT_NOW
    return PUSHES[pushes - 1] if pushes <= len(PUSHES) else None
