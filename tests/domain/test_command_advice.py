"""What speaks against a command for this device or user, and what is only said of it."""

import pytest

from domain.command_advice import DEVICE_ALONE, advice, objection
from domain.command_types import KNOWN
from domain.commands import check


@pytest.mark.parametrize(
    ("request_type", "given", "said"),
    [
        ("DeviceLock", {}, ["without a PIN some Macs refuse (they say PINRequiredForDeviceLock)"]),
        ("EraseDevice", {"PIN": "1234"}, ["a Mac wants a PIN of six digits"]),
        ("EraseDevice", {"PIN": "012345"}, []),
        ("ProfileList", {}, []),
        (
            "DeviceInformaton",
            {},
            ["DeviceInformaton is not a request type we know: sent as it is; did you mean DeviceInformation?"],
        ),
        ("MakeCoffee", {}, ["MakeCoffee is not a request type we know: sent as it is"]),
    ],
)
def test_people_are_told_what_may_go_wrong(request_type, given, said):
    assert list(advice(check(request_type, given, unchecked=True))) == said


@pytest.mark.parametrize("request_type", ["DeviceLock", "EraseDevice"])
@pytest.mark.parametrize("pin", ["12", "12345a", "1234567", "", "١٢٣٤٥٦"])
def test_a_pin_that_no_mac_takes_is_objected_to_on_macs_alone(request_type, pin):
    command = check(request_type, {"PIN": pin})

    said = objection(command, platform="macOS", is_to_user=False)

    assert said is not None
    assert said.startswith(f"{request_type}: PIN is six digits on a Mac")
    assert "--unchecked" in said
    assert pin == "" or pin not in said
    assert [objection(command, platform=other, is_to_user=False) for other in ("iOS", None)] == [None, None]


@pytest.mark.parametrize("given", [{}, {"PIN": "012345"}])
def test_six_digits_or_none_are_fine_on_a_mac(given):
    assert objection(check("EraseDevice", given), platform="macOS", is_to_user=False) is None


def test_a_user_cannot_be_asked_what_only_the_device_channel_takes():
    assert "only the device channel takes it" in (
        objection(check("DeviceLock", {}), platform=None, is_to_user=True) or ""
    )
    assert objection(check("ProfileList", {}), platform="macOS", is_to_user=True) is None
    assert KNOWN.keys() >= DEVICE_ALONE


def test_who_insists_is_not_objected_to():
    command = check("DeviceLock", {"PIN": "12"}, unchecked=True)

    assert objection(command, platform="macOS", is_to_user=True) is None
