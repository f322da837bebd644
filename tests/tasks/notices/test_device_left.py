from tasks.notices.device_left import word


def test_it_says_that_the_device_is_gone(outside_without_state):
    facts = {"device_id": "A1B2", "name": "Pier 4", "serial_number": "DMPX0001", "at": "2026-03-01T12:00:00.000000Z"}

    worded = word(facts, outside_without_state())

    assert worded.subject == worded.chat == "Device un-enrolled: Pier 4"
    assert worded.facts == {
        "Name": "Pier 4",
        "Model": "unknown",
        "Serial number": "DMPX0001",
        "Device": "A1B2",
        "Time": "2026-03-01 12:00:00 UTC",
    }
