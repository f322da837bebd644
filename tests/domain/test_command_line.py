"""Arguments of a command line: what they become, and what is said of those that are none."""

import pytest

from domain.command_line import parse_arguments
from domain.commands import check
from domain.errors import BadCommand


def test_a_command_line_becomes_arguments():
    arguments = parse_arguments(
        [
            "Identifier=com.example=x",
            "Message=a:=b",
            "Identifiers=a",
            "Identifiers=b",
            'Options:={"x":[1]}',
            "PIN=012345",
        ],
        "MakeCoffee",
    )

    assert arguments == {
        "Identifier": "com.example=x",
        "Message": "a:=b",
        "Identifiers": ["a", "b"],
        "Options": {"x": [1]},
        "PIN": "012345",
    }


def test_a_list_in_json_takes_further_items():
    arguments = parse_arguments(['Queries:=["UDID","IMEI"]', "Queries=Model"], "DeviceInformation")

    assert check("DeviceInformation", arguments).arguments == {"Queries": ["UDID", "IMEI", "Model"]}


def test_text_of_a_command_line_is_converted_by_its_field():
    arguments = parse_arguments(["itunes_store_id=361309726", "InstallAsManaged=yes"], "InstallApplication")

    assert check("InstallApplication", arguments).arguments == {"iTunesStoreID": 361309726, "InstallAsManaged": True}


@pytest.mark.parametrize("bad", ["PIN 123456", "=1", ":=1", "", "PIN:=12345a", "x:=NaN", "x:=" + "[" * 100_000])
def test_what_is_no_argument_is_refused_by_its_place(bad):
    with pytest.raises(BadCommand) as caught:
        parse_arguments(["Message=fine", bad, "worse"], "DeviceLock")

    assert str(caught.value).startswith("argument 2 ")
    assert "worse" not in str(caught.value)
    assert "argument 3 is neither" in str(caught.value)
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("pin", "argument 1 is neither key=value nor key:=JSON: PIN has no value"),
        ("654321", "argument 1 is neither key=value nor key:=JSON"),
        ("PIN:=65432a", "argument 1 (PIN) is not JSON after :="),
    ],
)
def test_a_key_is_named_and_a_word_that_may_be_a_secret_is_not(item, said):
    with pytest.raises(BadCommand) as caught:
        parse_arguments([item], "DeviceLock")

    assert str(caught.value) == said


def test_a_key_that_takes_one_value_cannot_be_given_twice():
    with pytest.raises(BadCommand) as caught:
        parse_arguments(["PIN=123456", "Message=a", "PIN=654321"], "device_lock")

    assert str(caught.value) == "argument 3 (PIN) gives PIN again, which takes one value"
