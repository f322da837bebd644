"""What the demo's mail server and its chat were sent, as files that people can open: the newest of each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulators.smtp import Mail

MOST = 100
"""Files of one kind; a run has no end, and disks have."""


def keep_mails(folder: Path, mails: Sequence[Mail]) -> None:
    """As `.eml`, byte for byte as they came, for any mail program."""
    _keep(folder / "mails", "eml", [mail.raw for mail in mails])


def keep_messages(folder: Path, messages: Sequence[dict[str, Any]]) -> None:
    """As `.json`, indented."""
    texts = [json.dumps(message, ensure_ascii=False, indent=2) + "\n" for message in messages]
    # Half a surrogate pair is no text for a file; with a backslash it is what JSON has for it.
    _keep(folder / "chat", "json", [text.encode(errors="backslashreplace") for text in texts])


def _keep(folder: Path, ending: str, contents: Sequence[bytes]) -> None:
    """One file each, numbered on from those that are there; of all these the newest `MOST` stay.

    Whoever looks on sees whole files only. Raises: OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = {int(path.stem): path for path in folder.glob(f"*.{ending}") if path.stem.isdecimal()}
    for number, content in enumerate(contents[-MOST:], start=max(there, default=0) + 1):
        draft = folder / ".new"
        draft.write_bytes(content)
        there[number] = draft.rename(folder / f"{number:06}.{ending}")
    for number in sorted(there)[:-MOST]:
        there[number].unlink(missing_ok=True)
