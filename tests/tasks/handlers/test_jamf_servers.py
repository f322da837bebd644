"""Servers of Jamf Pro and their nodes."""

from itertools import permutations

import pytest

from state.schema import jamf_nodes, jamf_servers
from tasks.process import process
from tests.deliveries import MINUTE, NOON, SECOND
from tests.jamf import told
from tests.tasks.lab import only_row, rows

LATER = NOON + MINUTE


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_server_and_its_nodes_start_and_stop(services, engine, order):
    node = {"hostAddress": "10.44.0.11", "isClusterMaster": True, "jssUrl": "https://mdm.example:8443/"}
    told_of = [
        told("JSSStartup", {**node, "institution": "Quillfeather"}),
        told("JSSStartup", {**node, "hostAddress": "10.44.0.12", "isClusterMaster": False}, at=NOON + SECOND),
        told("JSSShutdown", node, at=LATER),
    ]
    for number in order:
        process([told_of[number]], services)

    server = only_row(engine, jamf_servers)
    nodes = {row["host_address"]: row for row in rows(engine, jamf_nodes)}
    assert (server["url"], server["institution"]) == ("https://mdm.example:8443/", "Quillfeather")
    assert (server["started_at"], server["stopped_at"]) == (NOON + SECOND, LATER)
    assert [nodes[f"10.44.0.{n}"]["running"] for n in (11, 12)] == [False, True]
    assert [nodes[f"10.44.0.{n}"]["is_cluster_master"] for n in (11, 12)] == [True, False]
