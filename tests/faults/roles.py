"""Who can be shot: what each process of a running Windfall does in it."""

import psutil

ROLES = ("ingest parent", "ingest worker", "drain parent", "drain worker", "effects", "beat", "redis")


def role_of(process: psutil.Process) -> str:
    """One of them, or `other`. Raises: psutil.NoSuchProcess, when it has just ended."""
    words = process.cmdline()
    text = " ".join(words)
    if "redis-server" in text or "valkey-server" in text:
        return "redis"
    parent = process.parent()
    same = parent is not None and parent.cmdline() == words
    if "-m ingest" in text:
        return "ingest worker" if same else "ingest parent"
    if "-m workers worker" in text:
        return "drain worker" if same else "drain parent"
    if "-m workers effects" in text:
        return "effects"
    return "beat" if "-m workers beat" in text else "other"
