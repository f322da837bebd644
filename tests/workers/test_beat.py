"""Beat as it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.contract import EFFECTS, HOUSEKEEPING
from tests.faults.arena import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def queues(tmp_path, redis_location, redis_client):
    """Names of the tasks that wait, by queue, while beat runs and nobody works."""
    environment = {
        **os.environ,
        "WINDFALL_HOME": str(tmp_path),
        "WINDFALL_REDIS_URL": redis_location,
        "WINDFALL_FINGERPRINT_KEY": "k",
        "WINDFALL_SENDER_MICROMDM_URL": "http://127.0.0.1:1",
        "WINDFALL_SENDER_MICROMDM_API_KEY": "k",
    }

    def tasks(queue):
        messages = redis_client.lrange(f"windfall:celery:{queue}", 0, -1)
        return [json.loads(message)["headers"]["task"] for message in messages]

    with subprocess.Popen([sys.executable, "-m", "workers", "beat"], env=environment, cwd=ROOT) as process:
        yield tasks
        process.terminate()


def test_when_beat_starts_every_job_is_due_at_once(queues):
    jobs = {"sweep", "prune", "due", "follow", "owe-installs", "push-again", "identify", "inventory"}
    expected = {f"{HOUSEKEEPING}.{job}" for job in jobs}

    wait_until("every job", lambda: expected <= set(queues(HOUSEKEEPING)), seconds=30)
    wait_until("the list of devices", lambda: "effects.resync" in queues(EFFECTS), seconds=30)

    assert queues(EFFECTS) == ["effects.resync"]
    assert queues(HOUSEKEEPING).count("housekeeping.prune") == 1
