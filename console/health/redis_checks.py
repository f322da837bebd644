"""Redis: is it there, new enough, and set so that it keeps what it was given?"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer

from console.health.check import Check, fail, ok, size, warn
from console.stores import Stores, redis_words

OLDEST = (6, 2)
NEARLY_FULL, FULL = 0.8, 0.95
"""Shares of `maxmemory`; a Redis that is full refuses events, which then go to the spool."""


def redis_checks(stores: Stores) -> Iterator[Check]:
    try:
        info = stores.redis.info()
    except (NotConnected, NoAnswer, OSError) as exc:
        yield fail("redis", f"{_place(stores)} is away: {redis_words(exc)}", _start(stores))
        return
    except RedisError as exc:
        yield fail(
            "redis",
            f"{_place(stores)} refuses INFO: {redis_words(exc)}",
            "Let its user run INFO: `ACL SETUSER <user> +info`.",
        )
        return
    yield _version(info, _place(stores))
    yield _writable(stores)
    yield _appendonly(info)
    yield _appendfsync(stores)
    yield _eviction(info)
    yield _memory(info)


def _place(stores: Stores) -> str:
    """Where it is, without the password."""
    to = stores.redis.connection_pool.connection_kwargs
    return str(to.get("path") or f"{to.get('host', 'localhost')}:{to.get('port', 6379)}")


def _start(stores: Stores) -> str:
    if stores.settings.redis_is_embedded:
        return "Start it, and all else, with `windfall up`."
    return "Start Redis, or correct WINDFALL_REDIS_URL; events wait in the spool meanwhile."


def _version(info: Mapping[str, Any], place: str) -> Check:
    version = str(info.get("redis_version", ""))
    found = re.match(r"(\d+)\.(\d+)", version)
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        return fail("redis", f"{name} at {place}", "Upgrade it to Redis 6.2 or newer, or Valkey.")
    return ok("redis", f"{name} at {place}")


def _writable(stores: Stores) -> Check:
    try:
        stores.inboxes.probe()
    except (RedisError, OSError) as exc:
        seen = f"it refuses writes: {redis_words(exc)}"
        return fail(
            "redis_writes", seen, "Point WINDFALL_REDIS_URL at a primary that has memory left and may be written."
        )
    return ok("redis_writes", "it takes them")


def _appendonly(info: Mapping[str, Any]) -> Check:
    if not info.get("aof_enabled"):
        fix = "Run `redis-cli CONFIG SET appendonly yes` and put `appendonly yes` into redis.conf."
        return fail("redis_appendonly", "no: what waits in it is lost when it stops", fix)
    if info.get("aof_last_write_status") != "ok":
        fix = "Make room on Redis' disk; `redis-cli INFO persistence` must then say aof_last_write_status:ok."
        return fail("redis_appendonly", "the last write to its file failed", fix)
    return ok("redis_appendonly", "yes, and the last write to its file went well")


def _appendfsync(stores: Stores) -> Check:
    name = "redis_appendfsync"
    try:
        value = stores.redis.config_get("appendfsync").get("appendfsync", "")
    except ResponseError as exc:
        return warn(
            name, f"cannot be read: {redis_words(exc)}", "Let its user read it: `ACL SETUSER <user> +config|get`."
        )
    except (RedisError, OSError) as exc:
        return fail(name, f"Redis is away: {redis_words(exc)}", _start(stores))
    if value != "always":
        seen = f"{value}: a crash of its machine loses events that were answered 200"
        return warn(name, seen, "Run `redis-cli CONFIG SET appendfsync always` and put it into redis.conf.")
    return ok(name, "always")


def _eviction(info: Mapping[str, Any]) -> Check:
    policy = str(info.get("maxmemory_policy", "not told"))
    if policy != "noeviction":
        fix = "Run `redis-cli CONFIG SET maxmemory-policy noeviction` and put it into redis.conf."
        return fail("redis_eviction", f"{policy}: it throws events away when it is full", fix)
    return ok("redis_eviction", policy)


def _memory(info: Mapping[str, Any]) -> Check:
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if not limit:
        return ok("redis_memory", f"{size(used)} used, no limit set")
    seen = f"{size(used)} of {size(limit)} used"
    fix = "Start more workers if events wait, or raise it with `redis-cli CONFIG SET maxmemory <bytes>`."
    if used >= FULL * limit:
        return fail("redis_memory", seen, fix)
    return warn("redis_memory", seen, fix) if used >= NEARLY_FULL * limit else ok("redis_memory", seen)
