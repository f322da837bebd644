import pytest

from tasks.notices.device_enrolled import word

IPAD = {
    "sender": "jamf",
    "name": "Pier 4",
    "model": "iPad Air",
    "serial_number": "DMPX0001",
    "jamf_id": "7731",
    "at": "2026-03-01T12:00:00.999000Z",
}


def test_it_names_the_device_and_links_to_it(outside_without_state):
    worded = word(IPAD, outside_without_state(jamf="https://jamf.example:8443/"))

    link = "https://jamf.example:8443/mobileDevices.html?id=7731"
    assert worded.subject == "Device enrolled: Pier 4"
    assert worded.text == (
        "Device enrolled: Pier 4\n"
        "\n"
        "Name: Pier 4\n"
        "Model: iPad Air\n"
        "Serial number: DMPX0001\n"
        "Server: jamf\n"
        "Time: 2026-03-01 12:00:00 UTC\n"
        f"Link: {link}\n"
    )
    assert f'<a href="{link}">{link}</a>' in worded.html
    assert worded.chat == "Device enrolled: Pier 4"
    assert worded.facts == {
        "Name": "Pier 4",
        "Model": "iPad Air",
        "Serial number": "DMPX0001",
        "Server": "jamf",
        "Time": "2026-03-01 12:00:00 UTC",
        "Link": link,
    }


@pytest.mark.parametrize(
    ("changed", "urls"),
    [({}, {}), ({}, {"jamf-eu": "https://jamf.example"}), ({"jamf_id": None}, {"jamf": "https://jamf.example"})],
)
def test_without_a_url_or_a_number_there_is_no_link(outside_without_state, changed, urls):
    worded = word({**IPAD, **changed}, outside_without_state(**urls))

    assert "Link" not in worded.facts
    assert "href" not in worded.html


def test_a_number_that_is_none_cannot_leave_its_place_in_the_link(outside_without_state):
    worded = word({**IPAD, "jamf_id": '1&id=2"#<b>'}, outside_without_state(jamf="https://jamf.example"))

    assert worded.facts["Link"] == "https://jamf.example/mobileDevices.html?id=1%26id%3D2%22%23%3Cb%3E"


@pytest.mark.parametrize(
    ("facts", "called"),
    [
        ({}, "unknown"),
        ({"sender": "jamf", "jamf_id": "7731"}, "number 7731 in Jamf Pro"),
        ({"device_id": "A1B2"}, "A1B2"),
        ({"device_id": "A1B2", "serial_number": "C02"}, "C02"),
        ({"name": " \n", "serial_number": "C02"}, "C02"),
        ({"name": ["odd"], "at": "yesterday"}, "unknown"),
    ],
)
def test_it_can_be_read_whatever_is_missing(outside_without_state, facts, called):
    worded = word(facts, outside_without_state(jamf="https://jamf.example"))

    assert worded.subject == f"Device enrolled: {called}"
    assert worded.facts["Model"] == "unknown"
    assert "None" not in worded.text + worded.html + worded.chat


def test_a_model_without_a_name_is_told_by_its_identifier(outside_without_state):
    assert word({"product": "iPad14,9"}, outside_without_state()).facts["Model"] == "iPad14,9"


def test_names_are_strangers_words(outside_without_state):
    name = "A\r\nBcc: all@example.org\x00 <script>alert(1)</script> @Channel <!channel> \u202egnp.exe " + "x" * 500

    worded = word({**IPAD, "name": name, "model": "<b>"}, outside_without_state())

    assert worded.subject.startswith("Device enrolled: A Bcc: all@example.org <script>")
    assert len(worded.subject) <= 120
    assert not set("\r\n\x00\u202e") & set(worded.subject + worded.facts["Name"])
    assert "Name: A Bcc" in worded.text
    assert "<script" not in worded.html
    assert "<td>&lt;b&gt;</td>" in worded.html
    assert "@\u200bChannel" in worded.chat
    assert "@\u200bChannel" in worded.facts["Name"]
