"""The page of a device: what it tells a help desk, what it says of what nobody knows, and what stands out."""

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

from console.device_page import device_page
from console.device_text import print_page
from simulators.certificates import draw_certificate
from tasks.following import PATIENCE, follow
from tasks.inventory import ask_now
from tasks.process import process
from tasks.retrying import retry
from tests.databases import BOTH_DATABASES
from tests.deliveries import BUNDLE_ID, NOON, SERIAL, UDID, check_in, envelope
from tests.jamf import told
from tests.owed import SETUP
from tests.tasks.lab import INSTALL, Lab

HOSTILE = "Søren\u009b31m \u202egniht"
MAC = {"ProductName": "Mac15,12", "ModelName": "MacBook Air", "OSVersion": "15.1", "DeviceName": HOSTILE}


@pytest.fixture
def lab(services):
    return Lab(replace(services, setup=SETUP))


@pytest.fixture
def windfall(run_windfall, database_location):
    def run(*arguments, exit_code=0):
        result = run_windfall(*arguments, DATABASE_URL=database_location)
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


@pytest.fixture
def asked(lab):
    """A Mac that was asked for everything; the questions are on it."""
    lab.enrol(**MAC)
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()
    return lab


@pytest.fixture
def read(capsys):
    """The page as it is printed, by heading."""

    def text(lab, name=SERIAL, *, now=None, everything=False):
        now = now or lab.now
        print_page(device_page(lab.engine, lab.setup, name, now), now, everything=everything)
        printed = capsys.readouterr().out
        assert all(cell_len(line) <= 80 for line in printed.partition("in Jamf Pro")[0].splitlines())
        return printed

    return text


def section(text, heading):
    """What stands under a heading, on one line."""
    _, _, rest = text.partition(f"\n{heading}")
    assert rest, text
    return " ".join(rest.partition("\n\n")[0].split())


@BOTH_DATABASES
def test_it_says_who_what_and_where(asked, read):
    facts = {"DeviceCapacity": 494.4, "AvailableDeviceCapacity": 212.3, "IsSupervised": True, "BuildVersion": "24B83"}
    asked.answer("Acknowledged", to="DeviceInformation", QueryResponses=facts)
    asked.check_in("TokenUpdate", UserID="U-1", UserShortName="jdoe", UserLongName="J. Doe")

    page = read(asked)

    assert page.startswith(f"Søren\ufffd31m \ufffdgniht  {SERIAL}\n")
    assert section(page, "WHO") == "User jdoe, J. Doe; heard just now (2026-03-01 12:00 UTC)"
    assert "Model MacBook Air, Mac15,12 System macOS 15.1 (24B83)" in section(page, "WHAT")
    assert "Storage 212.3 of 494 GB are free" in section(page, "WHAT")
    assert "MDM server micromdm: enrolled since 2026-03-01 12:00 UTC" in section(page, "WHERE")
    assert "\u009b" not in page
    assert "\u202e" not in page


def test_what_nobody_told_is_unknown_and_since_when(lab, read):
    lab.enrol()
    never = read(lab)
    lab.wait(hours=1)
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()
    first = read(lab, now=lab.now + timedelta(hours=2))
    lab.answer("Acknowledged", to="DeviceInformation", QueryResponses=MAC)
    unasked = read(lab)

    assert "Model unknown System unknown" in section(never, "WHAT")
    assert section(never, "WHO") == "User unknown"
    assert section(never, "APPS") == ": unknown: it has not said what it is"
    assert "it was never asked for everything" in section(never, "HEALTH")
    assert section(first, "APPS") == ": unknown: it has not said what it is"
    assert section(unasked, "APPS") == ": never asked"


@BOTH_DATABASES
def test_each_list_says_how_far_its_question_has_come(asked, read):
    asked.answer("Error", to="ProfileList", ErrorChain=[{"ErrorCode": 12021, "LocalizedDescription": "no right"}])
    asked.answer("NotNow", to="CertificateList")
    asked.answer("Acknowledged", to="ManagedApplicationList")
    asked.wait(hours=3)

    page = read(asked)

    assert section(page, "APPS") == ": unknown: asked 3 hours ago, not answered yet"
    assert section(page, "CERTIFICATES").startswith(": unknown: asked 3 hours ago; the device is busy (NotNow)")
    assert section(page, "PROFILES").startswith(": unknown: the device refused 3 hours ago: ")
    assert "no right" in section(page, "PROFILES")
    assert section(page, "MANAGED APPS") == ": unknown: answered 3 hours ago, and told nothing"
    assert section(page, "SECURITY") == "SecurityInfo unknown: asked 3 hours ago, not answered yet"


def test_an_ipad_that_has_not_said_what_it_is_is_not_said_to_know_nothing_else(lab, read):
    lab.enrol(ProductName="iPad15,7", OSVersion="18.2")
    never = read(lab)
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()
    first = read(lab)
    lab.answer("Acknowledged", to="DeviceInformation", QueryResponses={"IsMultiUser": False, "IsSupervised": False})
    informed = read(lab)

    for heading in ("APPS", "PROFILES", "CERTIFICATES", "SYSTEM UPDATES"):
        assert section(never, heading) == ": never asked"
        assert section(first, heading) == ": unknown: it is asked that once it has said what it is"
    assert section(never, "SECURITY") == "SecurityInfo never asked"
    assert section(informed, "APPS") == ": never asked"
    assert section(informed, "SYSTEM UPDATES") == ": unknown: such a device is not asked that"


def test_a_phone_is_told_not_to_be_asked_what_phones_do_not_know(lab, read):
    lab.enrol(ProductName="iPhone15,2", OSVersion="26.1")

    assert section(read(lab), "SYSTEM UPDATES") == ": unknown: such a device is not asked that"


def test_lists_are_cut_unless_all_is_wanted(asked, read):
    apps = [{"Identifier": f"app.{n}", "Name": f"App {n:02}", "ShortVersion": "1.0"} for n in range(40)]
    asked.answer("Acknowledged", to="InstalledApplicationList", InstalledApplicationList=apps)

    short, whole = (read(asked, everything=everything) for everything in (False, True))

    assert section(short, "APPS").startswith(": 40, told just now (2026-03-01 12:00 UTC) App 00 1.0 App 01 1.0")
    assert section(short, "APPS").endswith("and 25 more, which --all shows")
    assert section(whole, "APPS").endswith("App 39 1.0")
    assert "OSVersion" in section(whole, "all facts")


def test_certificates_that_expire_stand_out_in_words(asked, read):
    drawn = draw_certificate("Wi-Fi", "Example", random.Random(1), is_identity=True)
    content = {"CommonName": "Wi-Fi", "IsIdentity": True, "Data": drawn.keys["Data"]}
    asked.answer("Acknowledged", to="CertificateList", CertificateList=[content])
    on = f"on {drawn.not_after:%Y-%m-%d}"

    ends = drawn.not_after
    pages = {days: read(asked, now=ends - timedelta(days=days) + timedelta(minutes=-1)) for days in (31, 12, 1, 0)} | {
        -1: read(asked, now=ends + timedelta(minutes=1))
    }

    assert "Wi-Fi" not in section(pages[31], "HEALTH")
    assert f"! certificate Wi-Fi expires in 12 days, {on}" in section(pages[12], "HEALTH")
    assert f"! certificate Wi-Fi expires tomorrow, {on}" in section(pages[1], "HEALTH")
    assert f"! certificate Wi-Fi expires today, {on}" in section(pages[0], "HEALTH")
    assert f"! certificate Wi-Fi has expired, {on}" in section(pages[-1], "HEALTH")
    assert "(identity, expires " in section(pages[31], "CERTIFICATES")
    assert "EXPIRED" in section(pages[-1], "CERTIFICATES")


def test_what_is_wrong_stands_first_and_what_is_right_is_not_told(asked, read):
    security = {"FDE_Enabled": False, "SystemIntegrityProtectionEnabled": True, "PasscodePresent": True}
    firewall = {"FirewallSettings": {"FirewallEnabled": False}}
    asked.answer("Acknowledged", to="SecurityInfo", SecurityInfo=security | firewall)
    full = {"DeviceCapacity": 494.4, "AvailableDeviceCapacity": 12.1}
    asked.answer("Acknowledged", to="DeviceInformation", QueryResponses=full)

    health = section(read(asked), "HEALTH")

    assert health == (
        ": 2 PROBLEMS ! FileVault is off: its disk is not encrypted "
        "! its storage is nearly full: 12.1 of 494 GB are free - the firewall is off"
    )


def test_a_device_that_left_or_is_silent_stands_out(asked, read):
    silent = read(asked, now=asked.now + timedelta(days=20))
    asked.check_in("CheckOut")
    left = read(asked)

    assert "! it was heard last 20 days ago, on 2026-03-01" in section(silent, "HEALTH")
    assert "10 commands without an answer, the oldest from 20 days ago" in section(silent, "HEALTH")
    assert "! it is not enrolled, since just now" in section(left, "HEALTH")
    assert "micromdm: not enrolled" in section(left, "WHERE")


@BOTH_DATABASES
def test_an_app_that_failed_stands_out_with_its_licence(lab, read):
    lab.enrol(**MAC)
    lab.license()
    lab.deliver()
    lab.answer("Error", ErrorChain=[{"ErrorCode": 1, "LocalizedDescription": "no room"}])
    lab.license(adam_ids=["1"], error=(9603, "no licence left"))

    page = read(lab)

    (command,) = lab.commands(INSTALL)
    way_out = f"(`windfall actions retry {command['id']}` has it tried again)"
    assert f"! app 361309726 is not installed {way_out}: " in section(page, "HEALTH")
    assert "! 1 licence failed: app 1" in section(page, "HEALTH")
    assert "no room" in section(page, "INSTALLS FROM HERE")
    assert "no licence left" in section(page, "LICENCES")
    assert "InstallApplication of 361309726: Error" in section(page, "LAST COMMANDS (UTC)")
    assert "mdm.Connect (InstallApplication, Error)" in section(page, "LAST EVENTS (UTC)")


@pytest.mark.parametrize("end", ["refused", "unanswered", "accepted", "left"])
def test_of_an_app_that_failed_another_try_is_named_where_it_helps(lab, end):
    lab.enrol(**MAC)
    lab.license()
    lab.deliver()
    if end != "unanswered":
        lab.answer("Error" if end == "refused" else "Acknowledged", Identifier=BUNDLE_ID)
    if end == "left":
        lab.check_in("CheckOut")
    lab.now += PATIENCE
    lab.tick()
    follow(lab.at_work)

    (install,) = device_page(lab.engine, lab.setup, SERIAL, lab.now)["installs"]
    verdicts = retry(lab.engine, lab.setup, [lab.commands(INSTALL)[-1]["id"]], now=lab.now)

    assert install["state"] == ("failed" if end == "refused" else "stuck")
    assert install["retry_id"] == (verdicts[0].id if end in ("refused", "unanswered") else None)
    assert (verdicts[0].refusal is None) is (end in ("refused", "unanswered"))


def answer_profiles(lab):
    """It is asked for everything, and has no profiles."""
    ask_now(lab.engine, UDID, lab.now)
    lab.deliver()
    lab.answer("Acknowledged", to="ProfileList", ProfileList=[])


@BOTH_DATABASES
def test_a_list_that_was_told_before_a_device_enrolled_anew_says_so(lab, read, windfall):
    lab.enrol(**MAC)
    answer_profiles(lab)
    app = {"Identifier": "com.example.torch", "Name": "Torch", "ShortVersion": "1.2"}
    lab.answer("Acknowledged", to="InstalledApplicationList", InstalledApplicationList=[app])
    lab.list_apps(com_example_torch="Managed")
    lab.check_in("TokenUpdate")
    renewed = read(lab)
    lab.wait(hours=1)
    lab.enrol(**MAC)
    answer_profiles(lab)

    page = read(lab)

    assert section(renewed, "APPS") == ": 1, told just now (2026-03-01 12:00 UTC) Torch 1.2"
    assert section(page, "APPS") == ": 1, told before it enrolled anew, 1 hour ago (2026-03-01 12:00 UTC) Torch 1.2"
    assert section(page, "MANAGED APPS").startswith(": 1, told before it enrolled anew, in part Torch")
    assert section(page, "PROFILES") == ": none, told just now (2026-03-01 13:00 UTC)"
    lists = json.loads(windfall("devices", "show", SERIAL, "--json"))["lists"]
    before = {one["list"]: one["before_enrolment"] for one in lists}
    assert before == {"installed_apps": True, "managed_apps": True, "profiles": False}


def test_what_a_device_told_before_it_left_was_told_in_the_enrolment_that_it_was_in(lab, read):
    lab.enrol(**MAC)
    answer_profiles(lab)
    lab.check_in("CheckOut")

    assert section(read(lab), "PROFILES") == ": none, told just now (2026-03-01 12:00 UTC)"


@BOTH_DATABASES
def test_a_device_that_only_jamf_pro_knows_has_a_page_too(lab, windfall, read):
    about = {"jssID": 7731, "serialNumber": SERIAL, "udid": "U", "deviceName": "Lobby", "model": "Mac mini"}
    process([told("ComputerAdded", {**about, "userName": "jdoe", "osVersion": "15.1"}, at=NOON)], lab.at_work)

    page = read(lab, SERIAL.lower())
    document = json.loads(windfall("devices", "show", SERIAL, "--json"))

    assert page.startswith(f"Lobby  {SERIAL}\n")
    assert section(page, "HEALTH") == (
        ": no problem known - no MDM server here knows it; all there is comes from Jamf Pro"
    )
    assert "Model Mac mini" in section(page, "WHAT")
    assert "In Jamf Pro jdoe" in section(page, "WHO")
    assert "System macOS 15.1" in section(page, "WHAT")
    assert "MDM server none Jamf Pro jamf: computer number 7731" in section(page, "WHERE")
    assert section(page, "APPS, PROFILES, CERTIFICATES") == ": unknown: no MDM server here can ask it"
    assert "\nSECURITY" not in page
    assert "LAST COMMANDS" not in page
    assert f"windfall jamf devices show {SERIAL}" in section(page, "MORE")
    assert (document["id"], document["serial_number"], document["inventory"]) == (None, SERIAL, None)


def test_what_contradicts_is_told_with_where_it_is_said(lab, read):
    lab.enrol(**MAC)
    about = {"jssID": 7731, "serialNumber": SERIAL, "udid": "ANOTHER", "deviceName": "Lobby", "model": "Mac mini"}
    process([told("ComputerAdded", about, at=NOON)], lab.at_work)

    page = read(lab)

    assert f"! records with the serial number {SERIAL} have several UDIDs" in section(page, "HEALTH")
    said = section(page, f"UDIDS OF THE SERIAL NUMBER {SERIAL}")
    assert f"{UDID} at its MDM server" in said
    assert "ANOTHER in Jamf Pro" in said


def test_a_private_device_is_said_to_be_one(lab, read):
    said = check_in("Authenticate", udid="", DeviceName="Mine", EnrollmentID="E-1")
    said["checkin_event"]["enrollment_id"] = "E-1"
    process([envelope(said)], lab.at_work)

    page = read(lab, "E-1")

    assert "Enrolled as a private device (User Enrollment)" in section(page, "WHAT")
    assert "Enrollment ID E-1" in section(page, "WHAT")
    assert "UDID unknown" not in section(page, "WHAT")


def test_installs_of_earlier_enrolments_are_told_only_when_all_is_wanted(lab, read):
    lab.enrol(**MAC)
    lab.license()
    lab.deliver()
    lab.wait(hours=1)
    lab.enrol(**MAC)
    lab.deliver()

    short, whole = (read(lab, everything=everything) for everything in (False, True))

    assert section(short, "INSTALLS FROM HERE").startswith(": 1, and 1 of earlier enrolments, which --all shows")
    assert "released" not in section(short, "INSTALLS FROM HERE")
    assert "released, just now: the device was enrolled anew" in section(whole, "INSTALLS FROM HERE")


def test_names_however_long_and_hostile_leave_the_page_readable(asked, read, windfall):
    bad = "\u009b2J\u202egnp\u200f line1\nline2 \u5199\u771f" + "A" * 10_000
    apps = [{"Identifier": f"{number}{bad}", "Name": bad, "ShortVersion": bad} for number in range(3)]
    asked.answer("Acknowledged", to="InstalledApplicationList", InstalledApplicationList=apps)
    asked.answer("Acknowledged", to="DeviceInformation", QueryResponses={"DeviceName": bad, "ModelName": bad})
    asked.check_in("TokenUpdate", UserID="U-1", UserShortName=bad, UserLongName=bad)

    page = read(asked)
    document = windfall("devices", "show", SERIAL, "--json")

    for printed in (page, document):
        assert not any(mark in printed for mark in ("\u009b", "\u202e", "\u200f"))
    assert page.splitlines()[0].endswith(f"…  {SERIAL}")
    assert len(page.splitlines()) < 120
    assert json.loads(document)["facts"]["DeviceName"]["value"].startswith("\u009b2J\u202e")


def test_the_document_says_the_same_as_the_page(asked, windfall):
    asked.answer("Acknowledged", to="ProfileList", ProfileList=[{"PayloadIdentifier": "a.b", "PayloadUUID": "1"}])

    document = json.loads(windfall("devices", "show", SERIAL, "--json"))

    assert document["items"]["profiles"][0]["payload_identifier"] == "a.b"
    assert document["inventory"]["items"][0]["request_type"] == "DeviceInformation"
    assert len(document["commands"]) == 10
    assert document["unfinished"]["sent"]["count"] == 9
    assert document["facts"]["DeviceName"]["value"] == HOSTILE
    assert {point["level"] for point in document["health"]} <= {"problem", "notice"}


def test_nobody_is_said_to_be_nobody(windfall, engine):
    assert "no device with the id, UDID or serial number nobody" in windfall("devices", "show", "nobody", exit_code=1)


@BOTH_DATABASES
def test_a_device_that_only_ade_lists_has_a_short_page(lab, read, windfall):
    listed = {"serialNumber": SERIAL, "deviceEnrollmentProgramInstanceId": 3, "model": "MacBook Air", "assetTag": "P-1"}
    listed["deviceAssignedDate"] = int((NOON - timedelta(days=2)).timestamp())
    process([told("DeviceAddedToDEP", listed, at=lab.now)], lab.at_work)

    page = read(lab, SERIAL.lower())

    assert page.startswith(f"MacBook Air  {SERIAL}\n")
    assert "assigned in ADE (Automated Device Enrollment) and was never seen to enrol" in section(page, "HEALTH")
    what = section(page, "WHAT")
    assert "Model MacBook Air" in what
    assert f"Serial number {SERIAL}" in what
    assert "Asset tag P-1" in what
    where = section(page, "WHERE")
    assert "MDM server none" in where
    assert "ADE jamf, instance 3: assigned 2 days ago (2026-02-27 12:00 UTC); told just now (2026-03-01" in where
    assert "unknown: no MDM server here can ask it" in section(page, "APPS, PROFILES, CERTIFICATES")
    assert "DeviceAddedToDEP" in section(page, "LAST EVENTS (UTC)")
    assert len(page.splitlines()) < 50
    document = json.loads(windfall("devices", "show", SERIAL, "--json"))
    assert (document["id"], document["serial_number"], document["ade"][0]["asset_tag"]) == (None, SERIAL, "P-1")


def test_in_the_api_a_device_that_only_ade_lists_is_found_in_that_list(lab, client):
    process([told("DeviceAddedToDEP", {"serialNumber": SERIAL}, at=lab.now)], lab.at_work)

    listed = client.get(f"/api/jamf-ade-devices?serial_number={SERIAL.lower()}").json["items"]

    assert [item["serial_number"] for item in listed] == [SERIAL]
    assert client.get(f"/api/devices?serial_number={SERIAL}").json["items"] == []
    assert client.get(f"/api/devices/{SERIAL}").status_code == 404


def test_what_ade_lists_stays_on_the_page_of_a_device_that_has_enrolled(lab, read):
    process([told("DeviceAddedToDEP", {"serialNumber": SERIAL, "model": "of old"}, at=lab.now)], lab.at_work)
    lab.enrol(**MAC)

    page = read(lab)

    assert "never seen to enrol" not in page
    assert "ADE jamf: assigned; told " in section(page, "WHERE")
    assert "of old" not in page


@BOTH_DATABASES
@pytest.mark.parametrize("at_mdm", [True, False])
def test_it_shows_the_last_events_of_jamf_pro_and_addresses(lab, read, at_mdm):
    if at_mdm:
        lab.enrol(**MAC)
    record = {"serialNumber": SERIAL, "udid": UDID, "managementId": "C9A1"}
    stories = [
        ("DeviceAddedToDEP", {"serialNumber": SERIAL.lower()}),
        ("ComputerCheckIn", {**record, "jssID": 7731, "ipAddress": "192.0.2.1", "reportedIpAddress": "10.0.0.7"}),
        ("ComputerCheckIn", {**record, "jssID": 7731, "ipAddress": "192.0.2.2"}),
        ("PushSent", {"managementId": "C9A1", "type": "PushSent"}),
        ("DeviceRateLimited", {"udid": UDID.lower()}),
        ("ComputerCheckIn", {"jssID": 7732, "serialNumber": "ANOTHER"}),
    ]
    for topic, fields in stories:
        lab.now += timedelta(minutes=1)
        process([told(topic, fields, at=lab.now)], lab.at_work)

    page = read(lab)

    last = section(page, "LAST EVENTS (UTC)")
    said = ["DeviceRateLimited", "PushSent", "ComputerCheckIn", "ComputerCheckIn", "DeviceAddedToDEP"]
    said += ["mdm.TokenUpdate", "mdm.Authenticate"] if at_mdm else []
    assert [word for word in last.split() if word in said] == said
    where = section(page, "WHERE")
    assert "Address 192.0.2.2, 3 minutes ago (2026-03-01 12:03 UTC); before: 192.0.2.1, 4 minutes ago" in where
    assert "Its own address 10.0.0.7, 4 minutes ago" in where
