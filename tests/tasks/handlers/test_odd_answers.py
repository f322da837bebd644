"""Answers that no honest device gives, or that come by another way: they harm nothing, and are processed."""

import pytest
from sqlalchemy import select

from state.schema import events
from tests.databases import ON_POSTGRESQL

pytestmark = ON_POSTGRESQL


def statuses(lab):
    with lab.engine.connect() as connection:
        return set(connection.scalars(select(events.c.status)))


@pytest.mark.parametrize(
    "said",
    [
        {"RejectionReason": ["AppAlreadyInstalled"]},
        {"RejectionReason": {"a": 1}, "ErrorChain": "none"},
        {"ErrorChain": [{"ErrorCode": 2**63}]},
    ],
)
def test_a_refusal_in_odd_words_is_a_failure(asked, said):
    asked.answer("Error", **said)

    assert asked.install["state"] == "failed"
    assert statuses(asked) == {"processed"}


def test_only_the_server_that_a_command_went_to_can_answer_it(asked):
    asked.sender = "eu"
    asked.acknowledge()

    assert asked.install["state"] == "command_sent"
    assert asked.command_states() == ["sent"]


def test_a_status_of_half_a_megabyte_is_cut(asked):
    asked.acknowledge()
    asked.list_apps(**{asked.install["bundle_id"]: "x" * 500_000})

    assert len(asked.install["reason"]) < 200
