"""Which answers are whole lists: what they do not name is gone, so only those that certainly tell all there is."""

import pytest

from domain.inventory.answers import FAMILIES, Asked, read_answers

SOME = {
    "InstalledApplicationList": [{"Identifiers": ["a"]}, {"ManagedAppsOnly": True}, {"Items": ["Name"]}],
    "ManagedApplicationList": [{"Identifiers": ["a"]}],
    "ProfileList": [{"ManagedOnly": True}],
    "ProvisioningProfileList": [{"ManagedOnly": True}],
    "CertificateList": [{"ManagedOnly": True}],
}
"""Arguments by which a command asks for some of it only."""

ORDERS = ("ScheduleOSUpdate",)
"""What these answer is how it went, and never a list of all."""

REQUEST_TYPES = sorted(family.request_type for family in FAMILIES)


def is_whole(request_type, asked):
    (family,) = [family for family in FAMILIES if family.request_type == request_type]
    (answer,) = read_answers({family.content: []}, asked)
    return answer.whole


@pytest.mark.parametrize("request_type", REQUEST_TYPES)
def test_our_own_command_is_answered_in_whole_unless_it_asked_for_some(request_type):
    for_all = [{}, *({name: type(value)() for name, value in some.items()} for some in SOME.get(request_type, ()))]

    assert {is_whole(request_type, Asked(request_type=request_type, arguments=arguments)) for arguments in for_all} == {
        request_type not in ORDERS
    }
    for arguments in SOME.get(request_type, ()):
        assert not is_whole(request_type, Asked(request_type=request_type, arguments=arguments))


@pytest.mark.parametrize("request_type", REQUEST_TYPES)
def test_somebody_elses_is_answered_in_whole_where_nobody_can_ask_for_some(request_type):
    assert is_whole(request_type, None) == (request_type not in SOME and request_type not in ORDERS)
