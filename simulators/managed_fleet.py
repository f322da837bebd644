"""Many managed devices on one server: pushes wake them, a few threads carry them.

with MicroMDMApi(api_key="k", webhook=sender) as server, make_fleet(server, 50) as fleet:
    fleet.enrol()
"""

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Self

from simulators.devices import Device
from simulators.identities import Kind
from simulators.lives import MIX, increasing, make_devices
from simulators.managed_device import ManagedDevice
from simulators.mdm_server import MDMServer
from simulators.responding import ReceivedInstall
from simulators.rota import Rota
from simulators.temper import Temper

WORKERS = 8


class ManagedFleet:
    """Devices by device id; ``fleet[x]`` also takes a serial number. The same ``seed`` makes the same choices.

    Each device draws from a generator of its own, so threads do not change what it does.
    """

    def __init__(
        self,
        server: MDMServer,
        devices: Iterable[Device],
        *,
        temper: Temper | None = None,
        seed: int = 1,
        workers: int = WORKERS,
    ) -> None:
        self._rota = Rota(workers=workers)
        self._ringing: set[str] = set()
        self._lock = threading.Lock()
        self._members: dict[str, ManagedDevice] = {}
        for device in devices:
            identity = device.identity
            id_ = identity.udid or identity.enrollment_id
            self._members[id_] = ManagedDevice(
                device,
                server,
                temper=temper or Temper(),
                rng=random.Random(f"{seed}:{id_}"),
                later=self._alarm(id_),
            )
        self._by_serial = {member.serial_number: member for member in self}
        self._users = {id_: member for member in self for id_ in member.user_ids}
        server.on_push(self.wake)

    def __iter__(self) -> Iterator[ManagedDevice]:
        return iter(self._members.values())

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, name: str) -> ManagedDevice:
        return self._members.get(name) or self._by_serial[name]

    @property
    def installs(self) -> list[ReceivedInstall]:
        """Every InstallApplication that reached a device, each command once per device and enrolment."""
        return [one for member in self for one in member.installs]

    def enrol(self, members: Iterable[ManagedDevice] | None = None, *, timeout: float = 60.0) -> Self:
        """Enrol all, or these, and wait until they have."""
        return self._each(ManagedDevice.enrol, members, timeout)

    def wipe(self, members: Iterable[ManagedDevice] | None = None, *, timeout: float = 60.0) -> Self:
        """Wipe all, or these, and wait until they are enrolled again."""
        return self._each(ManagedDevice.wipe, members, timeout)

    def check_out(self, members: Iterable[ManagedDevice] | None = None, *, timeout: float = 60.0) -> Self:
        """Check all out, or these, and wait until they are."""
        return self._each(ManagedDevice.check_out, members, timeout)

    def poll(self) -> None:
        """Let every device connect without a push, as one does when it wakes up."""
        for id_ in self._members:
            self.wake(id_)

    def wake(self, id_: str, *, after: float = 0.0) -> None:
        """Let a device connect soon, or its user; pushes on the way are merged, ids of strangers ignored."""
        member = self._members.get(id_) or self._users.get(id_)
        if member is None:
            return
        with self._lock:
            if not after:
                if id_ in self._ringing:
                    return
                self._ringing.add(id_)
        self._rota.ask(id_, lambda: self._connect(member, id_, merged=not after), after=after)

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until no device is connected or about to connect; False when that took longer."""
        return self._rota.settle(timeout)

    def close(self) -> None:
        """All devices go to sleep for good."""
        self._rota.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _each(
        self, act: Callable[[ManagedDevice], None], members: Iterable[ManagedDevice] | None, timeout: float
    ) -> Self:
        chosen = list(self if members is None else members)
        done = threading.Semaphore(0)
        for member in chosen:
            self._rota.ask(member.device_id, partial(_act, act, member, done))
        deadline = time.monotonic() + timeout
        for _ in chosen:
            if not done.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"not done after {timeout} s")
        self._rota.check()
        return self

    def _connect(self, member: ManagedDevice, id_: str, *, merged: bool) -> None:
        if merged:
            with self._lock:
                self._ringing.discard(id_)
        member.connect(user=id_ in self._users)

    def _alarm(self, id_: str) -> Callable[[float, bool], None]:
        def alarm(seconds: float, user: bool) -> None:
            self.wake(min(self._members[id_].user_ids) if user else id_, after=seconds)

        return alarm


def _act(act: Callable[[ManagedDevice], None], member: ManagedDevice, done: threading.Semaphore) -> None:
    try:
        act(member)
    finally:
        done.release()


def make_fleet(
    server: MDMServer, size: int, *, kinds: Sequence[Kind] = MIX, temper: Temper | None = None, seed: int = 1
) -> ManagedFleet:
    """``size`` new devices of ``kinds`` in turn, not enrolled yet."""
    clock = increasing(lambda: datetime.now(UTC))
    devices = make_devices(size, rng=random.Random(seed), clock=clock, kinds=kinds)
    return ManagedFleet(server, devices, temper=temper, seed=seed)
