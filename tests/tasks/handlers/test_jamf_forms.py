"""All of Jamf Pro's events in all the forms that its versions write end in the same rows."""

from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from simulators.jamf import Form
from state.schema import events, metadata
from tasks.process import process
from tests.databases import empty
from tests.deliveries import envelope
from tests.jamf import FORMS, all_events, delivered, told
from tests.tasks.lab import rows

TABLES = [table for table in metadata.sorted_tables if table.name.startswith("jamf_")]


def state_of(engine):
    """All rows of Jamf Pro's, but for what is made of the key of an event, which is another one in each form."""
    return {table.name: [_without_keys(row) for row in rows(engine, table)] for table in TABLES}


def _without_keys(row):
    facts = {name: known[:3] for name, known in row.get("facts", {}).items()}
    return {name: value for name, value in {**row, "facts": facts}.items() if name != "id" or "facts" in row}


@pytest.fixture(scope="module")
def _known():
    return {}


@pytest.fixture
def expected(services, engine, _known):
    """What JSON of today's servers gives; found out once."""
    if not _known:
        process([delivered(said) for said in all_events()], services)
        _known.update(state_of(engine))
        empty(engine)
    return _known


def test_every_table_has_something(expected):
    assert [name for name, found in expected.items() if not found] == []


@pytest.mark.parametrize("name", FORMS)
def test_all_events_give_the_same_rows_in_every_form(services, engine, expected, name):
    process([delivered(said, FORMS[name]) for said in all_events()], services)

    assert state_of(engine) == expected
    with engine.connect() as connection:
        assert set(connection.scalars(select(events.c.status))) == {"processed"}


@pytest.mark.parametrize("spelling", [str.upper, str.lower, str.swapcase])
def test_names_are_known_in_any_case(services, engine, expected, spelling):
    for said in all_events():
        fields = {key if key.startswith("group") else spelling(key): value for key, value in said.event.items()}
        nested = fields.get(spelling("computer"))
        if isinstance(nested, dict):
            fields[spelling("computer")] = {spelling(key): value for key, value in nested.items()}
        process([told(spelling(said.name), fields, at=said.at)], services)

    assert state_of(engine) == expected


def test_a_form_with_a_payload_is_the_event_in_it(services, engine, expected):
    for number, said in enumerate(all_events()):
        plain = delivered(said, Form(xml=bool(number % 2)))
        form = urlencode({"source": "relay", "payload": plain.body.decode()}).encode()
        process([_relayed(form, said.at)], services)

    assert state_of(engine) == expected


def _relayed(form, at):
    return envelope(form, kind="jamf", received_at=at, content_type="application/x-www-form-urlencoded")
