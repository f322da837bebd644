"""What devices answered, over the JSON API."""

import random

import pytest

from simulators.certificates import draw_certificate
from state.queries.inventory import INVENTORY_LISTS
from tasks.process import process
from tests.databases import BOTH_DATABASES
from tests.deliveries import NOON, SECOND, UDID, answer, envelope

pytestmark = BOTH_DATABASES

OTHER = "A1B2C3D4-0000-5000-8000-00000000CCCC"


def told(services, *, udid=UDID, at=NOON, **content):
    process(
        [envelope(answer("Acknowledged", udid=udid, at=at, command_uuid="theirs", **content), received_at=at)], services
    )


def items(client, path):
    return client.get(f"/api/{path}").json["items"]


def test_items_are_found_by_their_fields_and_told_one_by_one(client, services):
    apps = [{"Identifier": "a", "Name": "A", "BundleSize": 5, "Installing": True}, {"Identifier": "b", "Name": "B"}]
    told(services, InstalledApplicationList=apps)
    told(services, udid=OTHER, at=NOON + SECOND, InstalledApplicationList=apps[:1])

    assert len(items(client, "installed-apps")) == 3
    assert [item["identifier"] for item in items(client, f"installed-apps?device_id={OTHER}")] == ["a"]
    assert len(items(client, "installed-apps?identifier=a&installing=true")) == 2
    (item,) = items(client, f"installed-apps?device_id={OTHER}")
    assert (item["bundle_size"], item["at"], item["listed"]) == (5, "2026-03-01T12:00:01.000000Z", False)
    assert client.get(f"/api/installed-apps/{item['id']}").json == item
    assert client.get("/api/installed-apps/none").status_code == 404
    assert "there are device_id" in client.get("/api/installed-apps?colour=red").json["error"]


def test_every_list_has_pages(client, services):
    told(services, Users=[{"UserName": f"user{number}"} for number in range(5)])

    first = client.get("/api/device-accounts?limit=3").json
    second = client.get(f"/api/device-accounts?limit=3&cursor={first['next']}").json

    assert sorted(item["user_name"] for item in first["items"] + second["items"]) == [f"user{n}" for n in range(5)]
    assert second["next"] is None


@pytest.mark.parametrize("name", sorted(INVENTORY_LISTS))
def test_lists_that_are_empty_are_lists(client, name):
    assert client.get(f"/api/{name.replace('_', '-')}?device_id=none").json == {"items": [], "next": None}


def test_certificates_are_found_by_when_they_end(client, services):
    drawn = [draw_certificate(f"device {number}", "Example CA", random.Random(number)) for number in range(9)]
    told(services, CertificateList=[certificate.keys for certificate in drawn])
    ends = sorted(certificate.not_after for certificate in drawn)
    middle = ends[4].isoformat().replace("+00:00", "Z")

    before = items(client, f"certificates?expires_before={middle}")
    after = items(client, f"certificates?expires_after={middle}&is_identity=false")

    assert len(before) == sum(end < ends[4] for end in ends) > 0
    assert len(before) + len(after) == len(ends)
    assert [item["not_after"] for item in before] == sorted(item["not_after"] for item in before)
    page = client.get(f"/api/certificates?expires_before={middle}&limit=2").json
    assert items(client, f"certificates?expires_before={middle}&cursor={page['next']}") == before[2:]
    assert "it is a time" in client.get("/api/certificates?expires_before=soon").json["error"]


def test_a_device_tells_what_it_said_of_itself_and_when(client, services):
    told(services, SecurityInfo={"FDE_Enabled": True}, Users=[], QueryResponses={"OSVersion": "26.0"})
    told(services, at=NOON + SECOND, Latitude=52.5, Longitude=13.4, QueryResponses={"OSVersion": "26.1"})

    item = client.get(f"/api/devices/{UDID}").json

    assert (item["security"]["filevault_enabled"], item["security"]["sip_enabled"]) == (True, None)
    assert (item["location"]["latitude"], item["location"]["longitude"]) == (52.5, 13.4)
    assert [(each["name"], each["value"]) for each in item["history"]] == [("OSVersion", "26.1"), ("OSVersion", "26.0")]
    (users,) = item["lists"]
    assert (users["list"], users["at"], users["item_count"]) == ("device_accounts", "2026-03-01T12:00:00.000000Z", 0)


def test_a_device_that_said_nothing_tells_so(client, services):
    told(services)

    item = client.get(f"/api/devices/{UDID}").json

    assert (item["security"], item["location"], item["history"], item["lists"]) == (None, None, [], [])
