"""The numbers, for people and as JSON."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from bench.measure import Measurement, Phase

MEBIBYTE = 1024 * 1024
_MS = 1000.0

Rows = Sequence[tuple[str, Callable[[Measurement], float], str]]

_ROWS: Rows = (
    ("accepted /s at saturation", lambda m: m.saturation.accepted_rate, "{:,.0f}"),
    ("  p50 (ms)", lambda m: m.saturation.load.p50 * _MS, "{:,.1f}"),
    ("  p99 (ms)", lambda m: m.saturation.load.p99 * _MS, "{:,.1f}"),
    ("committed /s while accepting", lambda m: m.saturation.committed_rate, "{:,.0f}"),
    ("committed /s until drained", lambda m: m.saturation.drained_rate, "{:,.0f}"),
    ("paced: accepted /s", lambda m: m.paced.accepted_rate, "{:,.0f}"),
    ("  p50 (ms)", lambda m: m.paced.load.p50 * _MS, "{:,.1f}"),
    ("  p99 (ms)", lambda m: m.paced.load.p99 * _MS, "{:,.1f}"),
    ("  committed /s meanwhile", lambda m: m.paced.committed_rate, "{:,.0f}"),
    ("CPU taken by other processes (%)", lambda m: m.saturation.others * 100, "{:,.0f}"),
)
_RATIOS: Mapping[str, str] = {
    "accepted": "accepted_rate",
    "committed": "committed_rate",
    "until drained": "drained_rate",
}


def ratios(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Ours by the textbook's, of the medians; empty when one of them was not measured."""
    by_name = _by_name(measurements)
    if len(by_name) < 2:
        return {}
    return {
        name: median(getattr(m.saturation, field) for m in by_name["ours"])
        / max(1e-9, median(getattr(m.saturation, field) for m in by_name["textbook"]))
        for name, field in _RATIOS.items()
    }


def as_text(measurements: Sequence[Measurement]) -> str:
    """A table of medians, the spread over the rounds, memory, CPU and the proof."""
    by_name = _by_name(measurements)
    lines = ["", f"{'medians (least … most of all rounds)':38}" + "".join(f"{name:>28}" for name in by_name)]
    for label, read, form in _ROWS:
        lines.append(f"{label:38}" + "".join(f"{_spread([read(m) for m in ms], form):>28}" for ms in by_name.values()))
    found = ratios(measurements)
    if found:
        lines += ["", "ours / textbook: " + ", ".join(f"{name} {ratio:.1f}x" for name, ratio in found.items())]
    for name, ms in by_name.items():
        lines += ["", *_costs(name, ms[-1])]
    return "\n".join([*lines, "", *(_proof(m) for m in measurements)])


def as_json(measurements: Sequence[Measurement], setting: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was measured; latencies in seconds, memory in bytes."""
    return {
        "setting": dict(setting),
        "ratios": ratios(measurements),
        "runs": [_run(measurement) for measurement in measurements],
    }


def _run(measurement: Measurement) -> dict[str, Any]:
    return {
        "pipeline": measurement.pipeline,
        "saturation": _phase(measurement.saturation),
        "paced": _phase(measurement.paced),
        "memory": [{"role": m.role, "pid": m.pid, "rss": m.rss} for m in measurement.memory],
        "acknowledged": measurement.proof.acknowledged,
        "stored": measurement.proof.stored,
        "problems": list(measurement.proof.problems),
    }


def _phase(phase: Phase) -> dict[str, Any]:
    return {
        "accepted_per_s": phase.accepted_rate,
        "committed_per_s": phase.committed_rate,
        "drained_per_s": phase.drained_rate,
        "p50": phase.load.p50,
        "p99": phase.load.p99,
        "answers": phase.load.answers,
        "sent": phase.load.sent,
        "unsent": phase.load.unsent,
        "cpu_seconds_per_1000": phase.cpu,
        "cpu_share_of_others": phase.others,
    }


def _by_name(measurements: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    names = [name for name in ("textbook", "ours") if any(m.pipeline == name for m in measurements)]
    return {name: [m for m in measurements if m.pipeline == name] for name in names}


def _spread(values: Sequence[float], form: str) -> str:
    middle = form.format(median(values))
    return middle if len(values) == 1 else f"{middle} ({form.format(min(values))} … {form.format(max(values))})"


def _costs(name: str, measurement: Measurement) -> list[str]:
    cpu = ", ".join(f"{role} {seconds:.2f}" for role, seconds in measurement.saturation.cpu.items())
    memory = ", ".join(f"{m.role} {m.rss / MEBIBYTE:.0f}" for m in measurement.memory)
    total = sum(m.rss for m in measurement.memory) / MEBIBYTE
    return [
        f"{name}: CPU seconds per 1 000 events: {cpu}",
        f"{name}: resident MiB: {memory}; together {total:.0f}",
    ]


def _proof(measurement: Measurement) -> str:
    proof = measurement.proof
    if proof.problems:
        return "\n".join(f"{measurement.pipeline}: NOT PROVEN: {problem}" for problem in proof.problems)
    return f"{measurement.pipeline}: {proof.acknowledged:,} events acknowledged, each in SQL exactly once"
