"""One measurement of one pipeline: warm it up, press it, drain it, pace it, and prove that it lost nothing."""

import json
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.load import GRACE, Plan, Result
from bench.pipelines import PATH, Pipeline
from bench.processes import ROOT, BenchError, Memory, busy_seconds, clean_environment, cores, python
from bench.profile import Profiler
from bench.proof import Proof, prove

STALL_SECONDS = 30.0
"""A pipeline that commits nothing for this long has lost what is missing."""

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a measurement is made of; ``profile`` names a folder for py-spy's output."""

    seconds: float
    warm_up: float
    connections: int
    rate: float
    profile: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One load and its outcome. Rates are per second, times in seconds.

    ``committed`` counts events that reached SQL within the window; ``drained_rate`` is all of them by the time until
    the last was there. ``cpu`` is CPU seconds by role until then, per thousand events. ``others`` is the share of all
    cores that went to processes which are none of ours, or to other machines of the host, in the window: with more than
    a few percent the numbers say little.
    """

    load: Result
    committed: int
    drained_after: float
    cpu: dict[str, float]
    others: float

    @property
    def accepted_rate(self) -> float:
        return self.load.accepted / self.load.window

    @property
    def committed_rate(self) -> float:
        return self.committed / self.load.window

    @property
    def drained_rate(self) -> float:
        return (self.load.sent - len(self.load.failed)) / self.drained_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All of one pipeline's run."""

    pipeline: str
    saturation: Phase
    paced: Phase
    memory: list[Memory]
    proof: Proof


@dataclass(slots=True, kw_only=True)
class Bench:
    """A run under way: events are numbered through all of its phases."""

    pipeline: Pipeline
    options: Options
    sent: int = 0
    failed: list[int] = field(default_factory=list)

    def run(self) -> Measurement:
        options = self.options
        self.phase(seconds=options.warm_up, rate=None)
        saturation = self.phase(seconds=options.seconds, rate=None, profile=options.profile)
        paced = self.phase(seconds=options.seconds, rate=options.rate)
        memory = [process for group in self.pipeline.groups for process in group.memory()]
        proof = prove(self.pipeline, sent=self.sent, failed=self.failed)
        return Measurement(pipeline=self.pipeline.name, saturation=saturation, paced=paced, memory=memory, proof=proof)

    def phase(self, *, seconds: float, rate: float | None, profile: Path | None = None) -> Phase:
        """Load the pipeline, and wait until everything it acknowledged is in SQL, or nothing more comes."""
        plan = Plan(
            port=self.pipeline.port,
            path=PATH,
            token=self.pipeline.token,
            first=self.sent,
            seconds=seconds,
            connections=self.options.connections,
            rate=rate,
        )
        generator = _Generator(plan)
        try:
            generator.expect("ready")
            stored, spent, began = self.pipeline.count(), self.pipeline.cpu_seconds(), time.monotonic()
            busy = busy_seconds()
            with Profiler(profile, self.pipeline, seconds):
                generator.go()
                generator.expect("window")
                committed = self.pipeline.count() - stored
                busy = busy_seconds() - busy - _sum(self.pipeline.cpu_seconds(), spent)
                result = generator.result()
        finally:
            generator.end()
        self.sent += result.sent
        self.failed += result.failed
        drained_after = self._drained() - began
        used = {role: total - spent[role] for role, total in self.pipeline.cpu_seconds().items()}
        per_thousand = 1000 / max(1, result.sent)
        cpu = {role: total * per_thousand for role, total in {**used, "load generator": result.cpu_seconds}.items()}
        others = max(0.0, busy - result.cpu_seconds) / (result.window * cores())
        return Phase(load=result, committed=committed, drained_after=drained_after, cpu=cpu, others=others)

    def _drained(self) -> float:
        """The time at which the last acknowledged event was there, or the last one that ever came."""
        expected = self.sent - len(self.failed)
        seen, at = -1, time.monotonic()
        while True:
            count, now = self.pipeline.count(), time.monotonic()
            if count > seen:
                seen, at = count, now
            if count >= expected or now - at > STALL_SECONDS:
                return at
            self.pipeline.check()
            time.sleep(POLL_SECONDS)


def _sum(now: Mapping[str, float], before: Mapping[str, float]) -> float:
    return sum(now.values()) - sum(before.values())


class _Generator:
    """The load generator's process, see `bench.load`."""

    def __init__(self, plan: Plan) -> None:
        self._popen = subprocess.Popen(
            python("-m", "bench.load", json.dumps(asdict(plan))),
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._watchdog = threading.Timer(plan.seconds + GRACE + 30, self._popen.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    def expect(self, word: str) -> None:
        """Raises: BenchError, when it ends, says something else, or takes longer than its plan can."""
        line = self._line()
        if line != word:
            raise BenchError(f"the load generator said {line!r} instead of {word!r}")

    def go(self) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.write("go\n")
        self._popen.stdin.flush()

    def result(self) -> Result:
        line = self._line()
        if not line:
            raise BenchError("the load generator ended without a result")
        return Result(**json.loads(line))

    def end(self) -> None:
        self._watchdog.cancel()
        self._popen.kill()
        self._popen.wait(GRACE)

    def _line(self) -> str:
        assert self._popen.stdout is not None
        return self._popen.stdout.readline().strip()
