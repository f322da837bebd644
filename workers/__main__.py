"""`python -m workers worker` and `python -m workers beat`: the two Celery processes, set up from our settings."""

import sys

from celery.apps.beat import Beat

from config.contract import EVENT_QUEUES, HOUSEKEEPING
from config.loading import settings_or_exit
from config.logs import configure_logs
from config.reporting import start_reporting
from workers.application import create_app


def main(role: str) -> None:
    settings = settings_or_exit()
    app = create_app(settings)
    start_reporting(settings.sentry_location, process=role)
    if role == "beat":
        configure_logs()
        # The schedule is made from the code: no state file to lose or to corrupt.
        Beat(app=app, scheduler="celery.beat:Scheduler", loglevel="WARNING", quiet=True).run()
        return
    queues = ",".join((*EVENT_QUEUES, HOUSEKEEPING))
    app.worker_main(
        [
            "worker",
            "--pool=prefork",
            f"--concurrency={settings.worker_processes}",
            f"--queues={queues}",
            "--loglevel=WARNING",
            "--without-mingle",
            "--without-gossip",
        ]
    )


if __name__ == "__main__":
    if sys.argv[1:] not in (["worker"], ["beat"]):
        sys.exit("usage: python -m workers worker|beat")
    main(sys.argv[1])
