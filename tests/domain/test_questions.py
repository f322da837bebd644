"""What a device is asked, by what is known of it."""

from datetime import UTC, datetime

import pytest

from domain.facts import Stamp, learn
from domain.questions import QUESTIONS, is_over, questions_of, questions_of_users, read_version, subject_of

STAMP = Stamp(at=datetime(2026, 3, 1, tzinfo=UTC), rank=1, by="e")
EVERYWHERE = ["DeviceInformation", "SecurityInfo", "ProfileList", "CertificateList", "InstalledApplicationList"]
UPDATES = ["AvailableOSUpdates", "OSUpdateStatus"]
APPS = ["ManagedApplicationList", "ProvisioningProfileList"]


def asked(*, private=False, is_informed=False, users=False, **said):
    facts = {}
    learn(facts, said, STAMP)
    subject = subject_of(facts, is_user_enrollment=private, is_informed=is_informed)
    return [question.request_type for question in (questions_of_users if users else questions_of)(subject)]


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ({"ProductName": "iPhone15,2", "OSVersion": "18.2"}, [*APPS, "Restrictions", *UPDATES]),
        ({"ProductName": "iPhone15,2", "OSVersion": "18.2", "IsSupervised": False}, [*APPS, "Restrictions"]),
        ({"ProductName": "iPad13,18", "OSVersion": "26.1", "IsMultiUser": False}, [*APPS, "Restrictions"]),
        ({"ProductName": "iPad13,18", "OSVersion": "26.1", "IsMultiUser": True}, [*APPS, "Restrictions", "UserList"]),
        ({"ProductName": "Mac15,12", "OSVersion": "15.1.1"}, [*APPS, *UPDATES, "UserList"]),
        ({"ModelName": "MacBook Pro", "OSVersion": "10.15.7"}, [*UPDATES, "UserList"]),
        ({"ProductName": "VirtualMac2,1", "IsSupervised": False}, [*APPS, "AvailableOSUpdates"]),
        ({"Model": "iMac21,1", "OSVersion": "soon"}, [*APPS, *UPDATES, "UserList"]),
        ({"ProductName": "AppleTV14,1", "OSVersion": "26.0"}, [*APPS, "Restrictions"]),
        ({"ProductName": "RealityDevice14,1", "OSVersion": "1.0"}, []),
        ({"ProductName": "Watch6,1", "OSVersion": "11.0"}, [*APPS, "Restrictions"]),
    ],
)
def test_each_system_is_asked_what_it_knows_and_what_it_is_comes_first(said, more):
    assert asked(**said) == [*EVERYWHERE, *more]


def test_of_whom_nothing_is_known_it_is_asked_only_what_it_is_and_then_what_every_system_answers():
    assert asked() == asked(ProductName="Toaster1,1") == ["DeviceInformation"]
    assert asked(is_informed=True) == EVERYWHERE


def test_an_ipad_says_first_whether_it_is_shared():
    assert asked(ProductName="iPad13,18", OSVersion="18.2") == ["DeviceInformation"]
    assert "UserList" not in asked(is_informed=True, ProductName="iPad13,18", OSVersion="18.2")


def test_a_device_of_its_users_own_is_asked_less():
    phone = asked(private=True, ProductName="iPhone15,2", OSVersion="18.2")
    mac = asked(private=True, ProductName="Mac15,12", OSVersion="15.1")

    assert phone == [*EVERYWHERE, *APPS]
    assert mac == [*(name for name in EVERYWHERE if name != "InstalledApplicationList"), *APPS]


def test_users_are_asked_what_apple_says_that_their_channel_answers():
    ipad = asked(users=True, ProductName="iPad13,18", OSVersion="18.2", IsMultiUser=True)
    mac = asked(users=True, ProductName="Mac15,12", OSVersion="15.1")
    own = asked(users=True, private=True, ProductName="Mac15,12", OSVersion="15.1")

    assert ipad == ["DeviceInformation", "ProfileList", "Restrictions"]
    assert mac == [*EVERYWHERE, "ManagedApplicationList"]
    assert own == [name for name in mac if name != "InstalledApplicationList"]
    assert "ManagedApplicationList" not in asked(users=True, ProductName="Mac15,12", OSVersion="10.15.7")


def test_users_are_asked_nothing_before_it_is_known_what_they_are_on():
    assert asked(users=True) == asked(users=True, ProductName="iPad13,18") == []
    assert asked(users=True, is_informed=True) == ["DeviceInformation", "ProfileList"]
    assert asked(users=True, ProductName="AppleTV14,1") == []


@pytest.mark.parametrize("said", [7, None, "", "9" * 5000, ["x"]])
def test_odd_facts_are_none(said):
    assert asked(ProductName=said, OSVersion=said) == ["DeviceInformation"]
    assert "UserList" in asked(ProductName="Mac15,12", OSVersion=said)


def test_every_question_is_a_command_that_changes_nothing_and_has_a_name_of_its_own():
    names = [question.command.request_type for question in QUESTIONS]

    assert len(set(names)) == len(names)
    assert all(name.endswith(("Information", "Info", "List", "Restrictions", "Updates", "Status")) for name in names)


@pytest.mark.parametrize(
    ("request_type", "version", "over"),
    [
        ("AvailableOSUpdates", "18.7", False),
        ("AvailableOSUpdates", "26", True),
        ("AvailableOSUpdates", "26.1", True),
        ("AvailableOSUpdates", "", False),
        ("SecurityInfo", "26.1", False),
    ],
)
def test_a_question_is_over_from_the_version_on_that_is_asked_in_another_way(request_type, version, over):
    assert is_over(request_type, read_version(version)) is over
