"""Apple's published samples, each read whole."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.notification import AppleUser, Notification, Pair, read_notification

SAMPLES = Path(__file__).parents[1] / "payloads" / "apps-and-books"
ORDER = (SAMPLES / "order.txt").read_text().split()
"""As Apple printed them: the article, then the talk."""

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = "ab" * 32
LOCATION = "2049025000431439"
REQUESTED = "87cbc650-16cc-4f9e-a833-e622f377a9f7"
RELEASED = "4bd7371e-6482-4933-8e97-c29f25b7f5f5"
MANAGED = "e0def1f8-9158-4343-9c52-8dd32da50b9b"
INVITE, HASH = "f551b37da07146628e8dcbe0111f0364", "leSKk3IaE2vk2KLmv2k3/200D3="
EMAIL = "client-100@apple.com"


def expected(topic, **more):
    return Notification(sender="apps-and-books", topic=topic, u_id=LOCATION, occurred_at=NOON, key=KEY, **more)


def pair(adam_id="408709785", *, serial=None, user=None):
    return Pair(adam_id=adam_id, pricing_param="STDQ", serial_number=serial, client_user_id=user)


def managed(change, *pairs, event_id):
    return expected("ASSET_MANAGEMENT", event_id=event_id, change=change, result="SUCCESS", assignments=pairs)


def counted(delta):
    return expected("ASSET_COUNT", adam_id="408709785", pricing_param="STDQ", count_delta=delta)


def user_managed(change, **user):
    users = (AppleUser(client_user_id="client-100", **user),)
    return expected("USER_MANAGEMENT", event_id=MANAGED, change=change, result="SUCCESS", users=users)


def user_associated(**user):
    users = (AppleUser(client_user_id="client-100", status="Associated", id_hash=HASH, invite_code=INVITE, **user),)
    return expected("USER_ASSOCIATED", users=users)


READINGS = {
    "article_asset_management_empty": expected("ASSET_MANAGEMENT"),
    "article_test_notification": expected("TEST_NOTIFICATION"),
    "article_asset_count": counted(-12),
    "article_asset_management_associate": managed(
        "ASSOCIATE",
        pair(serial="97c42a74-c30e-4172-a65f-6e5a5ba3d477"),
        pair(serial="495622d3-76f1-4fd3-8647-3f0365159170"),
        pair(serial="eabcbb89-8213-4185-afb4-30cae931ea37"),
        event_id=REQUESTED,
    ),
    "article_asset_management_disassociate": managed("DISASSOCIATE", pair(user="client-100"), event_id=RELEASED),
    "article_asset_management_revoke": managed(
        "REVOKE", pair(user="client-100"), pair("329103948", user="client-100"), event_id=RELEASED
    ),
    "article_user_management_create": user_managed("CREATE", status="Registered", email=EMAIL, invite_code=INVITE),
    "article_user_management_update": user_managed("UPDATE", status="Registered", email=EMAIL, invite_code=INVITE),
    "article_user_management_retire": user_managed("RETIRE", status="Retired", email=EMAIL, invite_code=INVITE),
    "article_user_associated": user_associated(email=EMAIL),
    "talk_asset_management_associate": managed("ASSOCIATE", pair(serial="C02Y402HLCM6"), event_id=REQUESTED),
    "talk_asset_count": counted(50),
    "talk_user_management_update": user_managed("UPDATE", status="Associated", id_hash=HASH),
    "talk_user_associated": user_associated(),
    "talk_second_asset_management_associate": managed(
        "ASSOCIATE", pair("361309726", serial="serial-1"), event_id="92467a8e-8a50-4df9-9b30-f7ff4a99dea7"
    ),
}


@pytest.mark.parametrize("name", ORDER)
def test_a_published_sample_is_read_whole_and_without_a_flag(name):
    document = json.loads((SAMPLES / f"{name}.json").read_bytes())

    reading = read_notification(document, sender="apps-and-books", key=KEY, received_at=NOON)

    assert reading == READINGS[name]
    assert reading.usable


def test_the_order_of_the_samples_names_each_of_them_once():
    assert sorted(ORDER) == sorted(path.stem for path in SAMPLES.glob("*.json"))
