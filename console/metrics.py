"""`/metrics` for Prometheus, asked of Redis and SQL at each scrape: a process forgets its counters when it restarts."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from config.contract import INBOXES
from config.inbox import InboxState
from config.refusals import read_refusals
from console.device_health import EXPIRES_SOON
from console.patience import Patient
from console.spool import look_at_spool
from console.stores import Stores
from domain.errors import DatabaseAway
from state.queries.counts import EventCount, read_event_counts, stuck_numbers
from state.queries.expiring import Ending, ending_identities
from state.queries.owed import ActionCount, Trouble, action_counts, install_counts, troubles
from state.queries.rounds import Round, jamf_rounds, mdm_lists

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The classic format; in OpenMetrics `windfall_events` and `windfall_events_total` would be one family."""

DEADLINE = 1.4
"""Seconds that each of the two stores has; Prometheus gives up after ten, and people who look do before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RedisSeen:
    states: list[InboxState]
    refusals: Mapping[tuple[str, str], int]
    swept_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _DatabaseSeen:
    counts: list[EventCount]
    stuck: Mapping[str, int]
    actions: list[ActionCount]
    installs: Mapping[str, int]
    troubles: Mapping[str, Trouble]
    rounds: Mapping[str, Round]
    lists: Mapping[str, Round]


class StoresCollector(Collector):
    """What Redis, SQL and the spool say now; of a store that is away only its `_up` is told."""

    def __init__(self, stores: Stores, now: Callable[[], datetime]) -> None:
        self._stores = stores
        self._now = now
        self._redis = Patient(self._look_at_redis)
        self._database = Patient(self._look_at_database)
        # In a large fleet it is a look at many rows, so the others do not wait for it.
        self._certificates = Patient(self._look_at_certificates)

    def collect(self) -> Iterator[Metric]:
        redis, database = self._redis_seen(), self._database_seen()
        yield GaugeMetricFamily("windfall_redis_up", "Whether Redis answers.", value=redis is not None)
        yield GaugeMetricFamily("windfall_database_up", "Whether the database answers.", value=database is not None)
        yield from self._spool()
        if redis is not None:
            yield from _inboxes(redis.states)
            yield _refused(redis.refusals)
            yield self._swept(redis.swept_at)
        if database is not None:
            yield _events_total(database.counts)
            yield _events(database.stuck)
            yield _actions(database.actions)
            yield _installs(database.installs)
            yield self._paused(database)
            yield self._not_read(database.rounds)
            yield self._not_listed(database.lists)
            yield from self._ending()

    def _look_at_redis(self) -> _RedisSeen:
        inboxes = self._stores.inboxes
        states = inboxes.states(INBOXES)
        return _RedisSeen(states=states, refusals=read_refusals(self._stores.redis), swept_at=inboxes.swept_at())

    def _look_at_database(self) -> _DatabaseSeen:
        engine = self._stores.engine
        return _DatabaseSeen(
            counts=read_event_counts(engine),
            stuck=stuck_numbers(engine),
            actions=action_counts(engine),
            installs=install_counts(engine),
            troubles=troubles(engine),
            rounds=jamf_rounds(engine),
            lists=mdm_lists(engine),
        )

    def _look_at_certificates(self) -> Ending:
        now = self._now()
        return ending_identities(self._stores.engine, now, until=now + EXPIRES_SOON)

    def _ending(self) -> Iterator[Metric]:
        try:
            yield _ending(self._certificates.ask(DEADLINE))
        except (DatabaseAway, TimeoutError):
            return

    def _redis_seen(self) -> _RedisSeen | None:
        try:
            return self._redis.ask(DEADLINE)
        except (RedisError, OSError):  # a TimeoutError is an OSError
            return None

    def _database_seen(self) -> _DatabaseSeen | None:
        try:
            return self._database.ask(DEADLINE)
        except (DatabaseAway, TimeoutError):
            return None

    def _spool(self) -> Iterator[Metric]:
        try:
            seen = look_at_spool(self._stores.settings.spool_path)
        except OSError:
            return
        age = seen.oldest_age(self._now())
        yield GaugeMetricFamily(
            "windfall_spool_bytes", "Bytes that wait in the spool of this machine.", value=seen.bytes
        )
        yield GaugeMetricFamily(
            "windfall_spool_oldest_seconds", "Age of its oldest file, 0 when it is empty.", value=age
        )

    def _paused(self, seen: _DatabaseSeen) -> Metric:
        """Of every destination that something is owed to, or that failed."""
        family = GaugeMetricFamily(
            "windfall_destination_paused",
            "Whether nothing is tried at a destination because it failed.",
            labels=["destination"],
        )
        now = self._now()
        for name in sorted({row.destination for row in seen.actions} | set(seen.troubles)):
            trouble = seen.troubles.get(name)
            family.add_metric([name], trouble is not None and trouble.is_paused(now))
        return family

    def _not_read(self, rounds: Mapping[str, Round]) -> Metric:
        """Of every sender that is to be read now and then, and was once."""
        family = GaugeMetricFamily(
            "windfall_jamf_parts_not_read", "Parts of a Jamf Pro that its last round could not read.", labels=["sender"]
        )
        for name, sender in sorted(self._stores.settings.senders.items()):
            if sender.reconcile_every is not None and name in rounds and rounds[name].ended:
                family.add_metric([name], len(rounds[name].failed))
        return family

    def _not_listed(self, lists: Mapping[str, Round]) -> Metric:
        """Of every MicroMDM that was asked for its list once."""
        family = GaugeMetricFamily(
            "windfall_mdm_list_not_read", "Whether a MicroMDM's list of devices could not be read.", labels=["sender"]
        )
        for name, sender in sorted(self._stores.settings.senders.items()):
            if sender.kind == "micromdm" and sender.url and name in lists:
                family.add_metric([name], bool(lists[name].failed))
        return family

    def _swept(self, swept_at: datetime | None) -> Metric:
        """Infinite before the first sweep: then an alert on it must fire."""
        age = (self._now() - swept_at).total_seconds() if swept_at else math.inf
        return GaugeMetricFamily("windfall_seconds_since_sweep", "Time since beat and a worker last swept.", value=age)


def render_metrics(collector: Collector) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)


def _inboxes(states: list[InboxState]) -> Iterator[Metric]:
    length = GaugeMetricFamily("windfall_inbox_length", "Events that wait for a worker.", labels=["inbox"])
    oldest = GaugeMetricFamily(
        "windfall_inbox_oldest_seconds",
        "How long the oldest of them has waited, 0 when there is none.",
        labels=["inbox"],
    )
    for state in states:
        length.add_metric([state.inbox], state.length)
        oldest.add_metric([state.inbox], state.oldest_age or 0.0)
    yield length
    yield oldest


def _refused(refusals: Mapping[tuple[str, str], int]) -> Metric:
    family = CounterMetricFamily("windfall_refused_requests", "Requests the door refused.", labels=["sender", "reason"])
    for (sender, reason), count in sorted(refusals.items()):
        family.add_metric([sender, reason], count)
    return family


def _events_total(counts: list[EventCount]) -> Metric:
    family = CounterMetricFamily(
        "windfall_events", "Events, by what became of them.", labels=["kind", "type", "outcome"]
    )
    for row in counts:
        family.add_metric([row.kind, row.type, row.outcome], row.count)
    return family


def _events(stuck: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily("windfall_events", "Events that need a person, now.", labels=["status"])
    for status, count in sorted(stuck.items()):
        family.add_metric([status], count)
    return family


def _actions(counts: list[ActionCount]) -> Metric:
    family = GaugeMetricFamily(
        "windfall_actions", "Actions that are owed, or gave up, now.", labels=["destination", "kind", "state"]
    )
    for row in counts:
        family.add_metric([row.destination, row.kind, row.state], row.count)
    return family


def _installs(numbers: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily("windfall_installs", "Installs that are not over, or need a person.", labels=["state"])
    for state, count in sorted(numbers.items()):
        family.add_metric([state], count)
    return family


def _ending(ending: Ending) -> Metric:
    family = GaugeMetricFamily(
        "windfall_identity_certificate_devices",
        "Devices whose identity certificate has expired, or expires within 30 days.",
        labels=["state"],
    )
    family.add_metric(["expired"], ending.expired)
    family.add_metric(["expiring"], ending.expiring)
    return family
