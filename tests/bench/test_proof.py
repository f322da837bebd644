"""The proof holds for what was acknowledged once, and names what is missing, stored twice or never sent."""

import pytest

from bench.notification import notification_id
from bench.proof import compare


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ([0, 1, 3], None),
        ([0, 1, 2, 3], None),
        ([0, 3], "1 acknowledged events are missing"),
        ([0, 1, 1, 3], "1 events are stored more than once"),
        ([0, 1, 3, 9], "1 stored events were never sent"),
    ],
    ids=["whole", "one-unacknowledged-came-through", "missing", "twice", "never-sent"],
)
def test_what_is_stored_is_compared_with_what_was_acknowledged(stored, words):
    problems = compare([notification_id(number) for number in stored], sent=4, failed=[2])

    assert [problem.partition(":")[0] for problem in problems] == ([words] if words else [])
