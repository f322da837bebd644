"""What a device says of itself beside its lists: its security, where it is, and what it was called and ran before."""

from datetime import timedelta
from itertools import permutations

from state.device_history import MOST_VALUES
from state.schema import device_history, device_locations, device_security
from tests.databases import ON_POSTGRESQL
from tests.deliveries import NOON, SECOND, answer, envelope
from tests.tasks.handlers.listing import ask
from tests.tasks.lab import rows

pytestmark = ON_POSTGRESQL


def test_security_is_typed_and_recovery_keys_leave_a_fingerprint(lab):
    security = {
        "FDE_Enabled": True,
        "FDE_HasPersonalRecoveryKey": True,
        "FDE_PersonalRecoveryKeyCMS": b"the key",
        "FirewallSettings": {"FirewallEnabled": False, "Applications": [{"BundleID": "a"}]},
        "SecureBoot": {"SecureBootLevel": "full", "ExternalBootLevel": "disallowed"},
        "ManagementStatus": {"EnrolledViaDEP": True, "IsUserEnrollment": "no"},
        "HardwareEncryptionCaps": 2**63,
    }
    lab.reply("Acknowledged", ask(lab, "SecurityInfo"), SecurityInfo=security)

    (row,) = rows(lab.engine, device_security)
    assert (row["filevault_enabled"], row["firewall_enabled"], row["enrolled_via_dep"]) == (True, False, True)
    assert (row["secure_boot"], row["external_boot"], row["sip_enabled"]) == ("full", "disallowed", None)
    assert (row["is_user_enrollment"], row["hardware_encryption_caps"]) == (None, None)
    assert row["facts"]["ManagementStatus.IsUserEnrollment"][0] == "no"
    assert row["recovery_key_fingerprint"]
    assert "the key" not in str(row)
    assert "dGhlIGtleQ" not in str(row)

    lab.reply("Acknowledged", "theirs", SecurityInfo={"FDE_Enabled": False, "FDE_PersonalRecoveryKeyCMS": b"other"})

    (later,) = rows(lab.engine, device_security)
    assert (later["filevault_enabled"], later["enrolled_via_dep"]) == (False, True)
    assert later["recovery_key_fingerprint"] != row["recovery_key_fingerprint"]


def test_recovery_keys_are_gone_when_filevault_was_turned_off_whatever_is_heard_first(lab):
    on = {"FDE_Enabled": True, "FDE_HasPersonalRecoveryKey": True, "FDE_PersonalRecoveryKeyCMS": b"the key"}
    told = [
        (NOON + 1 * SECOND, on | {"SystemIntegrityProtectionEnabled": True}),
        (NOON + 2 * SECOND, {"FDE_Enabled": False}),
        (NOON + 3 * SECOND, {"PasscodePresent": True}),
    ]

    for order in permutations(told):
        lab.forget()
        for at, info in order:
            lab.reply("Acknowledged", "theirs", at=at, SecurityInfo=info)

        (row,) = rows(lab.engine, device_security)
        assert (row["has_personal_recovery_key"], row["recovery_key_fingerprint"]) == (False, None)
        assert (row["filevault_enabled"], row["sip_enabled"]) == (False, True)

    lab.reply("Acknowledged", "theirs", at=NOON + 4 * SECOND, SecurityInfo={"FDE_HasPersonalRecoveryKey": True})
    assert rows(lab.engine, device_security)[0]["has_personal_recovery_key"] is True


def test_a_place_is_known_as_a_whole(lab):
    place = {"Latitude": 52.5, "Longitude": 13.4, "Altitude": 34.0, "Timestamp": "2026-03-01T11:59:00+01:00"}
    lab.reply("Acknowledged", ask(lab, "DeviceLocation"), **place)
    lab.reply("Acknowledged", "theirs", Latitude=52.6, Longitude=13.5)
    lab.reply("Acknowledged", "theirs", Latitude=91.0, Longitude=13.5)
    lab.reply("Acknowledged", "theirs", at=NOON, Latitude=1.0, Longitude=1.0)

    (row,) = rows(lab.engine, device_locations)
    assert (row["latitude"], row["longitude"], row["altitude"], row["timestamp"]) == (52.6, 13.5, None, None)


def test_versions_and_names_are_remembered_from_when_to_when(lab):
    said = [("26.0", 0), ("26.1", 5), ("26.0", 2), ("26.1", 9)]
    for version, minute in said:
        at = NOON + timedelta(minutes=minute)
        lab.now = max(lab.now, at)
        lab.reply("Acknowledged", "theirs", at=at, QueryResponses={"OSVersion": version, "DeviceName": 7})
    lab.check_in("Authenticate", at=NOON + timedelta(minutes=12), OSVersion="26.2")

    spans = {row["value"]: (row["first_at"], row["last_at"]) for row in rows(lab.engine, device_history)}
    minutes = {value: tuple((at - NOON).seconds // 60 for at in span) for value, span in spans.items()}
    assert minutes == {"26.0": (0, 2), "26.1": (5, 9), "26.2": (12, 12)}


def test_of_too_many_names_those_told_last_stay(lab):
    batch = []
    for number in range(MOST_VALUES + 3):
        at = NOON + number * SECOND
        said = {"QueryResponses": {"DeviceName": f"Mac {number}"}}
        batch.append(envelope(answer("Acknowledged", at=at, command_uuid=f"c{number}", **said), received_at=at))
    lab.hear(*batch)
    lab.hear(batch[1])

    assert len(rows(lab.engine, device_history)) == MOST_VALUES
    assert rows(lab.engine, device_history, value="Mac 2") == []
    assert len(rows(lab.engine, device_history, value="Mac 3")) == 1
