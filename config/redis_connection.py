"""Connections to Redis that never wait for ever and never repeat a write by themselves."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def connect(location: str, *, connect_timeout: float = 2.0, timeout: float = 5.0) -> "redis.Redis":
    """A client for ``location`` (`redis://`, `rediss://` or `unix://`); nothing is sent yet.

    Timeouts are in seconds. redis-py repeats commands after a lost connection by default, which would append an event
    twice: that is switched off, the caller knows what may be repeated.
    """
    over_tcp = {} if location.startswith("unix://") else {"socket_keepalive": True}
    return redis.Redis.from_url(
        location,
        **over_tcp,
        socket_connect_timeout=connect_timeout,
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
