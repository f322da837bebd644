"""Calls of Jamf Pro's API."""

import pytest

from state.schema import events, jamf_api_operations
from tasks.process import process
from tests.deliveries import NOON, again, replayed
from tests.jamf import told
from tests.tasks.lab import only_row


@pytest.mark.parametrize(("said", "meant"), [("PUT", "update"), ("create", "create"), ("Get", "read"), ("HEAD", None)])
def test_a_call_of_the_api_is_one_row_however_often_it_is_delivered_or_replayed(services, engine, said, meant):
    fields = {"authorizedUsername": "svc", "objectID": 0, "objectName": "", "restAPIOperationType": said}
    first = told("RestAPIOperation", {**fields, "objectTypeName": "Policy", "operationSuccessful": "true"})
    process([first], services)
    process([again(first)], services)
    process([replayed(first, only_row(engine, events)["id"])], services)

    row = only_row(engine, jamf_api_operations)
    assert (row["authorized_username"], row["operation_type"], row["operation"]) == ("svc", said, meant)
    assert (row["object_type_name"], row["object_name"], row["successful"]) == ("Policy", None, True)
    assert row["occurred_at"] == NOON
