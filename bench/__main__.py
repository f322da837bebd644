"""`python -m bench`: both pipelines by turns, each alone, then the numbers. Exit code 1 when one lost an event."""

import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from bench.measure import Bench, Measurement, Options
from bench.notification import body
from bench.pipelines import PIPELINES, running
from bench.processes import BenchError, cores
from bench.report import as_json, as_text
from bench.servers import REDIS_SETTINGS, Database, postgresql, redis_version

QUICK_SECONDS = 5.0


@click.command()
@click.option("--seconds", type=click.FloatRange(1, 600), default=20.0, show_default=True, help="Length of each phase.")
@click.option("--quick", is_flag=True, help=f"One round with phases of {QUICK_SECONDS:.0f} s.")
@click.option("--rounds", type=click.IntRange(1, 20), default=2, show_default=True, help="How often each is measured.")
@click.option("--connections", type=click.IntRange(1, 512), default=32, show_default=True)
@click.option(
    "--rate", type=click.FloatRange(1, 100_000), default=500.0, show_default=True, help="Requests/s when paced."
)
@click.option("--only", type=click.Choice(list(PIPELINES)), help="Measure just one of the two.")
@click.option("--json", "json_wanted", is_flag=True, help="JSON on stdout, progress on stderr.")
@click.option(
    "--profile", type=click.Path(path_type=Path), help="Folder for py-spy's stacks; numbers are then not for keeps."
)
def main(  # noqa: PLR0913, PLR0917 - one parameter an option
    seconds: float,
    quick: bool,
    rounds: int,
    connections: int,
    rate: float,
    only: str | None,
    json_wanted: bool,
    profile: Path | None,
) -> None:
    """Measure Windfall beside the textbook pipeline, on one machine, with the same Redis and PostgreSQL settings."""
    signal.signal(signal.SIGTERM, _leave)
    seconds, rounds = (QUICK_SECONDS, 1) if quick else (seconds, rounds)
    options = Options(
        seconds=seconds, warm_up=min(5.0, max(2.0, seconds / 4)), connections=connections, rate=rate, profile=profile
    )
    try:
        with _folder() as folder, postgresql(folder / "postgresql") as database:
            setting = _setting(options, database, rounds)
            click.echo(_headline(setting), err=json_wanted)
            measurements = [
                _measure(name, folder / f"{number}-{name}", database, options) for number, name in _order(only, rounds)
            ]
    except BenchError as exc:
        raise click.ClickException(str(exc)) from exc
    click.echo(json.dumps(as_json(measurements, setting), indent=2) if json_wanted else as_text(measurements))
    sys.exit(1 if any(measurement.proof.problems for measurement in measurements) else 0)


def _order(only: str | None, rounds: int) -> Iterator[tuple[int, str]]:
    """By turns, and who begins changes with every round."""
    for number in range(rounds):
        names = [name for name in PIPELINES if only in (None, name)]
        for name in names if number % 2 == 0 else reversed(names):
            yield number, name


def _measure(name: str, folder: Path, database: Database, options: Options) -> Measurement:
    with running(name, folder, database) as pipeline:
        measurement = Bench(pipeline=pipeline, options=options).run()
    shutil.rmtree(folder)
    pressed = measurement.saturation
    line = f"{name}: accepted {pressed.accepted_rate:,.0f}/s, committed {pressed.committed_rate:,.0f}/s"
    click.echo(f"{line}, p99 at {options.rate:.0f}/s {measurement.paced.load.p99 * 1000:.1f} ms", err=True)
    return measurement


def _setting(options: Options, database: Database, rounds: int) -> dict[str, object]:
    return {
        "cores": cores(),
        "redis": redis_version(),
        "redis_settings": {name: REDIS_SETTINGS[name] for name in ("appendonly", "appendfsync", "maxmemory-policy")},
        "postgresql": database.version,
        "event_bytes": len(body(0)),
        "seconds": options.seconds,
        "rounds": rounds,
        "connections": options.connections,
        "rate": options.rate,
    }


def _headline(setting: dict[str, object]) -> str:
    return (
        f"{setting['cores']} cores for everything, Redis {setting['redis']} (appendonly yes, appendfsync always), "
        f"PostgreSQL {setting['postgresql']}; {setting['rounds']} rounds, phases of {setting['seconds']:.0f} s, "
        f"{setting['connections']} connections, an event has {setting['event_bytes']} bytes"
    )


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for everything, deleted at the end."""
    path = Path(tempfile.mkdtemp(prefix="windfall-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature is signal's
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
