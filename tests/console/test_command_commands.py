"""`windfall command`, `commands` and `actions` on the real stores, and a simulated MicroMDM for its queues."""

import json
import pkgutil
from dataclasses import replace
from importlib import import_module

import pytest
from sqlalchemy import select

import tasks.actions
from clients.micromdm import MicroMDM
from console.commanding import wait_for_answer
from domain.commands import Command, payload
from simulators.micromdm_api import MicroMDMApi
from state.destinations import note_failure
from state.queries.commands import one_command
from state.schema import actions
from tasks.process import process
from tests.databases import BOTH_DATABASES
from tests.deliveries import NOON, UDID, answer, check_in, envelope
from tests.faults.arena import wait_until
from tests.owed import MDM, SETUP, assigned, attempt, enrol

PIN = "987654"
SERVER = {"MICROMDM_URL": "http://127.0.0.1:1", "MICROMDM_API_KEY": "k"}


@pytest.fixture
def services(services):
    return replace(services, setup=SETUP)


@pytest.fixture
def windfall(run_windfall, database_location):
    """Runs a command on the test's database, with a MicroMDM that is configured; expects it to end well."""

    def run(*arguments, exit_code=0, stdin=None, **settings):
        result = run_windfall(*arguments, stdin=stdin, **{"DATABASE_URL": database_location, **SERVER, **settings})
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


@pytest.fixture
def micromdm():
    with MicroMDMApi(api_key="k") as server:
        yield server


def document(text):
    return json.loads(text)


@BOTH_DATABASES
def test_a_command_is_ordered_by_the_serial_number_and_shown(windfall, services):
    enrol(services)

    said = windfall("command", "C02XYZ", "device_lock", f"PIN={PIN}", "Message=Lost")
    item = document(windfall("command", UDID, "ProfileList", "--json"))

    assert "DeviceLock" in said
    assert PIN not in said
    assert (item["device_id"], item["state"], item["advice"]) == (UDID, "pending", [])
    listed = document(windfall("commands", UDID, "--json"))["items"]
    assert [command["request_type"] for command in listed] == ["ProfileList", "DeviceLock"]
    assert "DeviceLock" in windfall("commands", "--request-type", "DeviceLock")
    assert document(windfall("commands", "--state", "void", "--json"))["items"] == []


def test_arguments_may_be_json_and_advice_is_given(windfall, services):
    enrol(services)

    windfall("command", UDID, "InstalledApplicationList", 'Identifiers:=["a.b","c.d"]', "ManagedAppsOnly=yes")
    said = windfall("command", UDID, "EraseDevice")

    (command,) = document(windfall("commands", "--request-type", "InstalledApplicationList", "--json"))["items"]
    assert command["arguments"] == {"Identifiers": ["a.b", "c.d"], "ManagedAppsOnly": True}
    assert "note: without a PIN" in said


def test_a_dry_run_prints_the_plist_without_secrets_and_owes_nothing(windfall, services):
    enrol(services)

    plist = windfall("command", UDID, "DeviceLock", f"PIN={PIN}", "--dry-run")
    item = document(windfall("command", UDID, "InstallProfile", "Payload=Zm9vYmFy", "--dry-run", "--json"))

    assert "<string>DeviceLock</string>" in plist
    assert "<string>[secret]</string>" in plist
    assert PIN not in plist
    assert item["command"] == {"RequestType": "InstallProfile", "Payload": "[6 bytes of data]"}
    assert document(windfall("actions", "--json"))["items"] == []


def arguments_of(engine):
    """As the newest command is owed: with its secrets."""
    with engine.connect() as connection:
        return connection.scalar(select(actions.c.arguments).order_by(actions.c.id.desc()).limit(1))["arguments"]


def test_values_are_read_from_files_and_standard_input_where_nobody_sees_them(windfall, services, tmp_path):
    enrol(services)
    (tmp_path / "pin").write_text(f"{PIN}\n")
    (tmp_path / "options").write_text('["a.b","c.d"]\n')
    payload_lines = "Zm9v\nYmFy\n"

    windfall("command", UDID, "DeviceLock", f"PIN=@{tmp_path / 'pin'}", "Message=@@home = ü")
    locked = arguments_of(services.engine)
    windfall("command", UDID, "InstalledApplicationList", f"Identifiers:=@{tmp_path / 'options'}")
    listed = arguments_of(services.engine)
    windfall("command", UDID, "InstallProfile", "Payload=@-", stdin=payload_lines)

    assert locked == {"PIN": PIN, "Message": "@home = ü"}
    assert listed == {"Identifiers": ["a.b", "c.d"]}
    assert arguments_of(services.engine) == {"Payload": "Zm9vYmFy"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("PIN=@{folder}/none",), "argument 1 (PIN) names a file that cannot be read: No such file or directory"),
        (("PIN=@{folder}",), "argument 1 (PIN) names a file that cannot be read: Is a directory"),
        (("Message=a", "PIN=@"), "argument 2 (PIN) names no file after @"),
        (("PIN=@-",), "argument 1 (PIN) is empty where it is read from"),
        (("PIN=@{folder}/bytes",), "argument 1 (PIN) is no text in UTF-8; data is given as base64: base64 < FILE |"),
        (("PIN=@{folder}/large",), "argument 1 (PIN) is larger than 8388608 bytes"),
        (("PIN=123456", "PIN=@{folder}/pin"), "argument 2 (PIN) is read from somewhere, and its key is given again"),
        (("Message=@-", "PIN=@-"), "argument 2 (PIN) is standard input again, which can be read once"),
        (("PIN:=@{folder}/word",), "argument 1 (PIN) is not JSON after :="),
    ],
)
def test_a_value_that_cannot_be_read_is_said_by_its_place_and_owes_nothing(
    windfall, services, tmp_path, arguments, words
):
    enrol(services)
    for name, content in {"pin": PIN, "bytes": b"\xff\xfe", "large": "1" * (8 * 1024**2 + 1), "word": "secret"}.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    stdin = "Lost\n" if len(arguments) == 2 else None

    said = windfall(
        "command",
        UDID,
        "DeviceLock",
        *(each.format(folder=tmp_path) for each in arguments),
        stdin=stdin,
        exit_code=1,
    )

    assert words in said
    assert len(said.splitlines()) == 1
    assert not [leak for leak in (PIN, str(tmp_path), "secret") if leak in said]
    assert document(windfall("actions", "--json"))["items"] == []


def test_what_cannot_be_ordered_is_said_in_one_line(windfall, services):
    enrol(services)
    enrol(services, udid="B")

    for arguments, words in (
        ((UDID, "DeviceLock", "Colour=red", "PIN"), "argument 2 is neither"),
        ((UDID, "DeviceLock", "Colour=red"), "unknown field 'Colour'"),
        ((UDID, "DeviceLock", "PIN=123456", "PIN=654321"), "argument 2 (PIN) gives PIN again"),
        ((UDID, "InstallProfile", "Payload=@/none/wifi"), "cannot be read: /none/wifi: No such file"),
        ((UDID, "InstallProfile", "Payload=<plist>"), "base64 < FILE | windfall command … Payload=@-"),
        ((UDID, "DeviceInformatio"), "did you mean DeviceInformation?"),
        (("nobody", "DeviceLock"), "no device with the id, UDID or serial number nobody"),
        (("C02XYZ", "DeviceLock"), "name one of them by its device id: "),
    ):
        said = windfall("command", *arguments, exit_code=1)
        assert words in said
        assert len(said.splitlines()) == 1
    assert "set WINDFALL_MICROMDM_URL and" in windfall(
        "command", UDID, "ProfileList", exit_code=1, MICROMDM_URL="", MICROMDM_API_KEY=""
    )
    assert windfall("command", UDID, "DeviceLock", "Colour=red", "--unchecked", "--dry-run")


def test_a_mac_is_not_sent_a_pin_that_it_would_refuse(windfall, services):
    mac = check_in("Authenticate", at=NOON, SerialNumber="C02XYZ", ProductName="Mac15,12")
    process([envelope(mac)], services)
    enrol(services, udid="B", serial_number="B")

    said = windfall("command", UDID, "EraseDevice", "PIN=12a", "--dry-run", exit_code=1)
    insisted = windfall("command", UDID, "EraseDevice", "PIN=12a", "--dry-run", "--unchecked")
    elsewhere = windfall("command", "B", "EraseDevice", "PIN=12a", "--dry-run")

    assert "EraseDevice: PIN is six digits on a Mac, and this device is one; --unchecked" in said
    assert "12a" not in said
    assert "note: a Mac wants a PIN of six digits" in insisted
    assert "note: a Mac wants a PIN of six digits" in elsewhere


def test_waiting_ends_with_the_answer_or_with_the_time(services):
    enrol(services)
    process([assigned("C02XYZ")], services)
    (identifier,) = attempt(services, "done")
    command_uuid = one_command(services.engine, identifier)["command_uuid"]
    seconds, pauses = iter(range(100)), []

    def pause(length):
        pauses.append(length)
        if len(pauses) == 3:
            process([envelope(answer("Acknowledged", command_uuid=command_uuid, Identifier="a"))], services)

    def wait(seconds_to_wait):
        return wait_for_answer(
            services.engine, identifier, seconds=seconds_to_wait, monotonic=lambda: next(seconds), pause=pause
        )["state"]

    assert wait(2) == "sent"
    assert wait(50) == "Acknowledged"
    assert pauses == [0.5, 0.5, 0.5]


def test_a_command_that_was_waited_for_in_vain_exits_1(windfall, services):
    enrol(services)

    item = document(windfall("command", UDID, "ProfileList", "--wait", "0", "--json", exit_code=1))

    assert item["state"] == "pending"


@BOTH_DATABASES
def test_the_queue_at_the_server_is_shown_and_cleared_with_ours(windfall, services, micromdm):
    enrol(services)
    process([assigned("C02XYZ")], services)
    attempt(services, "done")
    (ours,) = document(windfall("commands", "--json"))["items"]
    here = {"MICROMDM_URL": micromdm.url}
    queue(micromdm, ours["command_uuid"], "InstallApplication")
    queue(micromdm, "not-ours", "ProfileList")

    shown = document(windfall("commands", UDID, "--queue", "--json", **here))["items"]
    table = windfall("commands", "C02XYZ", "--queue", **here)
    windfall("commands", UDID, "--clear", exit_code=1, **here)
    kept = len(micromdm.queue(UDID))
    said = windfall("commands", UDID, "--clear", "--yes", **here)

    assert [(item["command_uuid"], item["ours"]) for item in shown] == [
        (ours["command_uuid"], True),
        ("not-ours", False),
    ]
    assert "not-ours" in table
    assert kept == 2
    assert micromdm.queue(UDID) == []
    assert "cleared 2 at micromdm; 1 of ours are void" in said
    assert document(windfall("commands", "--json"))["items"][0]["state"] == "void"
    again = document(windfall("commands", UDID, "--clear", "--yes", "--json", **here))
    assert again == {"device_id": UDID, "cleared": 0, "void": 0, "on_their_way": 0}


def test_what_the_device_put_off_and_its_server_does_not_show_is_cleared_too(windfall, services, micromdm):
    enrol(services)
    queue(micromdm, "not-ours", "ProfileList")
    line = micromdm._lines[UDID]
    line.next("Idle", "")
    line.next("NotNow", "not-ours")
    here = {"MICROMDM_URL": micromdm.url}
    shown, kept = document(windfall("commands", UDID, "--queue", "--json", **here))["items"], len(micromdm.queue(UDID))

    said = windfall("commands", UDID, "--clear", "--yes", **here)

    assert (shown, kept) == ([], 1)
    assert "put off with NotNow is gone, too" in said
    assert micromdm.queue(UDID) == []


def test_without_a_terminal_clearing_names_the_option_that_it_takes(windfall, services, micromdm):
    enrol(services)
    queue(micromdm, "not-ours", "ProfileList")

    said = windfall("commands", UDID, "--clear", exit_code=1, MICROMDM_URL=micromdm.url)

    assert "Drop the 1 commands that wait" in said
    assert "Error: nothing was dropped: where nobody can be asked, say --yes" in said
    assert "Aborted" not in said
    assert len(micromdm.queue(UDID)) == 1
    windfall("commands", UDID, "--clear", stdin="y\n", MICROMDM_URL=micromdm.url)
    assert micromdm.queue(UDID) == []


def queue(server, command_uuid, request_type):
    arguments = {"iTunesStoreID": 1} if request_type == "InstallApplication" else {}
    command = Command(request_type=request_type, arguments=arguments)
    waiting = len(server.queue(UDID))
    MicroMDM(server.url, lambda: "k").send_command(UDID, payload(command, command_uuid))
    # It says 201 before it stores.
    wait_until("it is stored", lambda: len(server.queue(UDID)) > waiting, seconds=10)


def test_a_queue_that_cannot_be_seen_says_why(windfall, services):
    enrol(services)
    enrol(services, udid="N", serial_number="N", sender="nanomdm")
    nano = {"NANOMDM_URL": "http://127.0.0.1:1", "NANOMDM_API_KEY": "k"}

    assert "only MicroMDM" in windfall("commands", "N", "--queue", exit_code=1, **nano)
    assert "the queue cannot be read: micromdm" in windfall("commands", UDID, "--clear", "--yes", exit_code=1)
    assert "which DEVICE" in windfall("commands", "--queue", exit_code=2)
    assert "either --queue" in windfall("commands", UDID, "--queue", "--clear", "--yes", exit_code=2)


@BOTH_DATABASES
def test_actions_are_listed_and_explained(windfall, services):
    enrol(services)
    windfall("command", UDID, "DeviceLock", f"PIN={PIN}")
    (identifier,) = attempt(services, "retryable", error="micromdm answered 500", seconds=3600)
    for _ in range(3):
        note_failure(services.engine, MDM, error="it is away", now=services.now(), retry_after=None)

    (item,) = document(windfall("actions", "--destination", MDM, "--json"))["items"]
    said = windfall("actions", "show", identifier[:18])

    assert (item["id"], item["state"], item["attempts"]) == (identifier, "retryable", 1)
    assert "retryable" in windfall("actions")
    assert "tried again in 60 min. The last time: micromdm answered 500" in said
    assert "Nothing is tried there for another" in said
    assert "it is away" in said
    assert PIN not in said
    assert document(windfall("actions", "show", identifier, "--json"))["explanation"]
    assert "no action zzz" in windfall("actions", "show", "zzz", exit_code=1)


@BOTH_DATABASES
def test_dead_actions_are_retried_by_name_or_all_at_once(windfall, services):
    enrol(services)
    for request_type in ("ProfileList", "EraseDevice", "CertificateList"):
        windfall("command", UDID, request_type)
    profile_list, erase, certificates = attempt(services, "dead", error="outcome unknown: nobody knows")
    assert "windfall actions retry" in windfall("actions", "show", profile_list)
    assert "not simply tried again" in windfall("actions", "show", erase)

    assert "is tried again" in windfall("actions", "retry", profile_list)
    said = windfall("actions", "retry", "--all-dead", "--destination", MDM, exit_code=1).splitlines()
    assert "may have reached the device" in next(line for line in said if line.startswith(erase))
    assert f"{certificates}  is tried again" in said
    assert "is tried again" in windfall("actions", "retry", erase, "--again")
    assert "nothing has given up" in windfall("actions", "retry", "--all-dead")
    assert document(windfall("actions", "retry", "zzz", "--json", exit_code=1))["items"][0]["error"]
    for wrong in ((), (erase, "--all-dead"), ("--all-dead", "--again"), (erase, "--destination", MDM)):
        windfall("actions", "retry", *wrong, exit_code=2)


def test_a_command_that_its_device_refused_is_ordered_anew(windfall, services):
    enrol(services)
    windfall("command", UDID, "RemoveProfile", "Identifier=org.wifi")
    (identifier,) = attempt(services, "done")
    command_uuid = one_command(services.engine, identifier)["command_uuid"]
    process([envelope(answer("Error", command_uuid=command_uuid))], services)

    shown = windfall("actions", "show", identifier)
    said = windfall("actions", "retry", identifier, exit_code=1)

    way_out = f"order it anew: `windfall command {UDID} RemoveProfile …`"
    assert said == f"{identifier}  it is done, and its device said no: {way_out}\n"
    assert f"If it should be tried once more, {way_out}." in shown


def is_action(thing, module):
    return isinstance(getattr(thing, "kind", None), str) and thing.__module__ == module.__name__


def test_a_kind_of_action_that_there_is_not_is_refused_with_those_there_are(windfall, services):
    modules = [import_module(each.name) for each in pkgutil.iter_modules(tasks.actions.__path__, "tasks.actions.")]
    kinds = sorted({each.kind for module in modules for each in vars(module).values() if is_action(each, module)})

    said = windfall("actions", "--kind", "bogus", exit_code=1)

    assert said == f"Error: kind='bogus': it is one of {', '.join(kinds)}\n"
    assert [windfall("actions", "--kind", kind).split()[0] for kind in kinds] == ["ID"] * len(kinds)


def test_who_retries_a_command_is_told_what_it_may_turn_back(windfall, services):
    enrol(services)
    windfall("command", UDID, "RemoveProfile", "Identifier=org.wifi")
    (identifier,) = attempt(services, "dead", error="no", happened=False)
    windfall("command", UDID, "RemoveProfile", "Identifier=org.vpn")

    shown = windfall("actions", "show", identifier)
    said = windfall("actions", "retry", identifier)

    words = "its device was ordered RemoveProfile since, which RemoveProfile may turn back"
    assert f"Mind that {words}." in shown
    assert said == f"{identifier}  is tried again: {words}\n"
