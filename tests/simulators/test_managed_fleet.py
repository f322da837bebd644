"""Many devices on few threads: all of them reached, each one thing at a time, the same again with the same seed."""

import plistlib
import threading

import pytest
import requests

from simulators.identities import Kind
from simulators.managed_fleet import make_fleet
from simulators.micromdm import MicroMDM
from simulators.micromdm_api import MicroMDMApi
from simulators.nanomdm_api import NanoMDMApi
from simulators.rota import Rota
from simulators.temper import Temper

APP = 361309726


def said(member):
    return [(message.content["CommandUUID"], message.content["Status"]) for message in member.answers]


def test_everything_said_goes_out_as_webhooks(receiver):
    with MicroMDM(receiver.url) as webhook, MicroMDMApi(api_key="k", webhook=webhook) as api:
        with make_fleet(api, 1, kinds=[Kind.MAC_WITH_USER]) as fleet:
            fleet.enrol()
        assert webhook.drain(10)

    topics = sorted(result.event_type for result in webhook.results)
    assert topics == ["mdm.Authenticate", "mdm.Connect", "mdm.SetBootstrapToken", "mdm.TokenUpdate", "mdm.TokenUpdate"]


def test_a_fleet_of_fifty_on_nanomdm_gets_each_command_once():
    temper = Temper(install_error_share=0.2, not_now_share=0.2, repeat_share=0.2, not_now_poll_s=0.01)
    runs = []
    for _ in range(2):
        with NanoMDMApi(api_key="k") as api, make_fleet(api, 50, temper=temper, seed=4) as fleet:
            fleet.enrol()
            ids = [member.device_id for member in fleet]
            body = plistlib.dumps(
                {"CommandUUID": "c-1", "Command": {"RequestType": "InstallApplication", "iTunesStoreID": APP}}
            )
            url = f"{api.url}/v1/enqueue/{','.join(ids)}"
            assert requests.put(url, data=body, auth=("nanomdm", "k"), timeout=60).status_code == 200
            assert fleet.settle()
            runs.append([said(member) for member in fleet])

            assert sorted(one.device_id for one in fleet.installs) == sorted(ids)
            assert {len(api.queue(id_)) for id_ in ids} == {0}

    assert runs[0] == runs[1]
    statuses = {status for answers in runs[0] for _, status in answers}
    assert statuses == {"Acknowledged", "Error", "NotNow"}


def test_visits_to_one_name_never_overlap_and_failures_are_told():
    rota, inside, most = Rota(workers=4), [], []
    lock = threading.Lock()

    def visit():
        inside.append(1)
        most.append(len(inside))
        with lock:
            inside.pop()

    for _ in range(200):
        rota.ask("one", visit)
    assert rota.settle(10)
    assert (len(most), max(most)) == (200, 1)

    rota.ask("two", lambda: 1 / 0)
    with pytest.raises(RuntimeError):
        rota.settle(10)
    rota.close()
