"""`python -m workers worker`, `effects` and `beat`: the Celery processes, set up from our settings."""

from config.importing import imported  # isort: split

import sys

from celery.apps.beat import Beat

from config.contract import EFFECTS, EVENT_QUEUES, HOUSEKEEPING
from config.loading import settings_or_exit
from config.logs import configure_logs
from config.reporting import start_reporting
from workers.application import create_app

imported()


def main(role: str) -> None:
    settings = settings_or_exit()
    app = create_app(settings)
    start_reporting(settings.sentry_location, process=role)
    if role == "beat":
        configure_logs()
        # The schedule is made from the code: no state file to lose or to corrupt.
        Beat(app=app, scheduler="celery.beat:Scheduler", loglevel="WARNING", quiet=True).run()
        return
    if role == "effects":
        pool, concurrency, queues = "threads", settings.effects_threads, EFFECTS
    else:
        pool, concurrency, queues = "prefork", settings.worker_processes, ",".join((*EVENT_QUEUES, HOUSEKEEPING))
    app.worker_main(
        [
            "worker",
            f"--pool={pool}",
            f"--concurrency={concurrency}",
            f"--queues={queues}",
            f"--hostname={role}@%h",
            "--loglevel=WARNING",
            "--without-mingle",
            "--without-gossip",
        ]
    )


if __name__ == "__main__":
    if sys.argv[1:] not in (["worker"], ["effects"], ["beat"]):
        sys.exit("usage: python -m workers worker|effects|beat")
    main(sys.argv[1])
