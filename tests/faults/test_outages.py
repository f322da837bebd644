from tests.faults.arena import Server, arena
from tests.faults.outages import Outage, weather


def test_while_redis_is_frozen_everything_is_answered_200_and_processed_later(tmp_path):
    server = Server(tmp_path / "redis")
    server.start()
    try:
        with arena(tmp_path / "home", redis=server) as running:
            outage = Outage(frozen=True, seconds=4, rate=30, before=1, after=1, judged_by="p50_ms")
            report = weather(running, server, outage)
    finally:
        server.stop()

    assert report["requests"] == 180
