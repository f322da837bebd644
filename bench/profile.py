"""Where the time goes: py-spy, when it is on PATH, on each Python process of a pipeline while it is pressed."""

import shutil
import subprocess
from pathlib import Path
from types import TracebackType

from bench.pipelines import Pipeline
from bench.processes import BenchError


class Profiler:
    """Writes ``<pipeline>-<role>-<pid>.txt`` (folded stacks) into ``folder``; does nothing without one."""

    def __init__(self, folder: Path | None, pipeline: Pipeline, seconds: float) -> None:
        self._folder = folder
        self._pipeline = pipeline
        self._seconds = seconds
        self._recorders: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Profiler":
        if self._folder is None:
            return self
        program = shutil.which("py-spy")
        if program is None:
            raise BenchError("--profile needs py-spy on PATH: pip install py-spy, in any environment")
        self._folder.mkdir(parents=True, exist_ok=True)
        for group in self._pipeline.groups[1:]:
            for process in group.memory():
                name = f"{self._pipeline.name}-{process.role.replace(' ', '-')}-{process.pid}.txt"
                command = [program, "record", "--nonblocking", "--format", "raw", "--rate", "199", "--gil"]
                command += ["--duration", str(max(1, int(self._seconds))), "--output", str(self._folder / name)]
                command += ["--pid", str(process.pid)]
                self._recorders.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for recorder in self._recorders:
            try:
                recorder.wait(10)
            except subprocess.TimeoutExpired:
                recorder.kill()
                recorder.wait(5)
