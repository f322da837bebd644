from tests.faults.arena import arena
from tests.faults.kills import Storm, survive
from tests.faults.roles import ROLES


def test_whatever_process_is_killed_what_was_acknowledged_is_processed_once(tmp_path):
    # The lease of a drain that was shot is only waited for: `make faults` does so for as long as it lasts.
    storm = Storm(events=320, rate=40, seed=1, kill_every=(1.0, 1.2), lease=5)

    with arena(tmp_path / "home") as running:
        outcome = survive(running, storm)

    assert all(outcome.kills[role] for role in ROLES)
    assert all(books.acknowledged for books in outcome.books.values())
