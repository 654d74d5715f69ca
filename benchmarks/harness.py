"""Contestants in, ratios out: environments, servers, load and CPU accounting shared by all benchmarks.

Each contestant runs in an environment of its own, as a process of its own, pinned to one core while
the load runs on another. Rounds are interleaved (A B C, A B C, ...), so that a machine whose speed
drifts slows all of them alike; the median of the rounds is quoted, as a ratio to the first
contestant. CPU per unit of work comes first: it is what a busy server runs out of.

A server contestant is a script that prints ``PORT <number>`` when it listens and runs until it is
terminated. A micro contestant is a script that prints one JSON object of figures and exits.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_SECONDS = 30.0

#: figures[workload][contestant] is a list with one figure per round.
Figures = dict[str, dict[str, list[float]]]

#: What is measured under a load, in the order in which it counts: section -> (title, unit).
SERVED = {
    "cpu_us": ("server CPU per request", "microseconds"),
    "requests_per_second": ("throughput", "requests per second"),
    "latency_p50_ms": ("latency, median", "milliseconds"),
    "latency_p99_ms": ("latency, 99th percentile", "milliseconds"),
    "memory_mib": ("memory of the server under load", "MiB"),
}


# --- environments -------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Return where environments are kept: $TORNADO_BENCHMARK_CACHE or a folder of the user's cache."""
    chosen = os.environ.get("TORNADO_BENCHMARK_CACHE")
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tornado-benchmarks"
    return Path(chosen) if chosen else default


def environment(requirements: Sequence[str], python: str = sys.executable) -> str:
    """Return the Python of an environment that holds `requirements`; it is made on first use."""
    key = hashlib.sha256("\n".join([*requirements, python, sys.version]).encode()).hexdigest()[:16]
    folder = cache_folder() / key
    interpreter = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        command = [str(interpreter), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        if requirements:
            subprocess.run([*command, *requirements], check=True, stderr=subprocess.DEVNULL)
        (folder / "complete").touch()
    return str(interpreter)


def ours(*extras: str) -> str:
    """Return the Python of an environment that holds this checkout's own wheels, built afresh.

    $TORNADO_BENCHMARK_PYTHON names an interpreter to use instead (a development environment).
    """
    chosen = os.environ.get("TORNADO_BENCHMARK_PYTHON")
    if chosen:
        return chosen
    out = Path(tempfile.mkdtemp(prefix="tornado-wheels-"))
    try:
        build = [
            sys.executable,
            str(ROOT / "tools" / "build.py"),
            "--wheels-only",
            "--out",
            str(out),
        ]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        python = environment(["uvloop", *extras])
        command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        command += ["--force-reinstall", "--no-deps"]
        wheels = [str(wheel) for wheel in sorted(out.glob("*.whl"))]
        subprocess.run([*command, *wheels], check=True, stderr=subprocess.DEVNULL)
    finally:
        shutil.rmtree(out)
    return python


def with_tornado() -> None:
    """Where this Python has no Tornado, run the program anew with `ours`; it begins from its start."""
    if importlib.util.find_spec("tornado") is None:
        python = ours()
        os.execv(python, [python, *sys.argv])


# --- processes ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contestant:
    """One competitor: its name in the tables and the command that runs it."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)


class Server:
    """A contestant's process: started with the block, terminated at its end.

    `port` is where it listens; `cpu_seconds()` and `memory_bytes()` count it and its children.
    """

    def __init__(self, contestant: Contestant, core: int | None = 0) -> None:
        self.contestant = contestant
        self.core = core if core is not None and (os.cpu_count() or 1) > core + 1 else None

    def __enter__(self) -> Server:
        def pin() -> None:
            if self.core is not None:
                os.sched_setaffinity(0, {self.core})

        self.process = subprocess.Popen(
            list(self.contestant.command),
            env={**os.environ, **self.contestant.environ},
            stdout=subprocess.PIPE,
            preexec_fn=pin,
            text=True,
        )
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        for line in self.process.stdout:
            if line.startswith("PORT "):
                self.port = int(line.split()[1])
                return self
            if time.monotonic() > deadline:
                break
        self.__exit__()
        raise RuntimeError(f"{self.contestant.name} did not start: {self.contestant.command}")

    def __exit__(self, *exc: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def _pids(self) -> list[int]:
        pids = [self.process.pid]
        for pid in pids:
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
                pids += [int(child) for child in children.split()]
        return pids

    def cpu_seconds(self) -> float:
        """Return user and system time spent so far, by all threads of all its processes."""
        ticks = 0
        for pid in self._pids():
            stat = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
            ticks += int(stat[11]) + int(stat[12])
        return ticks / TICKS_PER_SECOND

    def memory_bytes(self) -> int:
        """Return the resident memory of all its processes."""
        pages = sum(
            int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) for pid in self._pids()
        )
        return pages * os.sysconf("SC_PAGE_SIZE")


def run_script(contestant: Contestant, core: int | None = 0) -> dict[str, float]:
    """Run a micro contestant to its end; return the JSON object it printed last."""
    cores = os.cpu_count() or 1

    def pin() -> None:
        if core is not None and cores > core:
            os.sched_setaffinity(0, {core})

    done = subprocess.run(
        list(contestant.command),
        env={**os.environ, **contestant.environ},
        stdout=subprocess.PIPE,
        preexec_fn=pin,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


# --- load ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """One HTTP workload for `wrk`: what it asks for, on how many connections, for how long."""

    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pipeline: int = 1
    connections: int = 32
    seconds: int = 2


def _lua(text: bytes | str) -> str:
    raw = text.encode("latin-1") if isinstance(text, str) else text
    return '"' + "".join(f"\\{byte:03d}" for byte in raw) + '"'


def wrk(port: int, load: Load, *, core: int = 1) -> tuple[int, float, dict[str, float]]:
    """Run `load` against 127.0.0.1:`port`; return (answers, seconds, latency percentiles in ms).

    Raises RuntimeError when any answer was not 2xx or a socket failed.
    """
    executable = shutil.which("wrk")
    if executable is None:
        raise SystemExit("this benchmark needs the load generator `wrk` (a Debian package)")
    script = [f"wrk.method = {_lua(load.method)}"]
    script += [f"wrk.headers[{_lua(k)}] = {_lua(v)}" for k, v in load.headers.items()]
    if load.body:
        script.append(f"wrk.body = {_lua(load.body)}")
    if load.pipeline > 1:
        script.append(
            "function init(args) local r = {}"
            f" for i = 1, {load.pipeline} do r[i] = wrk.format() end"
            " req = table.concat(r) end  function request() return req end"
        )
    command = [executable, "-t1", f"-c{load.connections}", f"-d{load.seconds}s", "--latency"]
    if (os.cpu_count() or 1) > core and shutil.which("taskset"):
        command = ["taskset", "-c", str(core), *command]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write("\n".join(script) + "\n")
        file.flush()
        url = f"http://127.0.0.1:{port}{load.path}"
        done = subprocess.run(
            [*command, "-s", file.name, url], capture_output=True, text=True, check=True
        )
    output = done.stdout
    total = re.search(r"(\d+) requests in ([\d.]+)(\w+)", output)
    if total is None or "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"the load did not go through:\n{output}{done.stderr}")
    seconds = float(total[2]) * {"ms": 0.001, "s": 1.0, "m": 60.0}[total[3]]
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    percentiles = {
        row[0]: float(row[1]) * units[row[2]]
        for row in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s)", output)
    }
    return int(total[1]), seconds, percentiles


def serve_load(
    contestants: Sequence[Contestant], loads: Mapping[str, Load], *, rounds: int = 3
) -> dict[str, Figures]:
    """Return the figures of each load in the sections of `SERVED`."""
    sections: dict[str, Figures] = {section: {} for section in SERVED}
    for turn in range(rounds):
        for contestant in contestants:
            with Server(contestant) as server:
                for name, load in loads.items():
                    wrk(server.port, Load(**{**load.__dict__, "seconds": 1}))
                    before = server.cpu_seconds()
                    answers, seconds, latency = wrk(server.port, load)
                    spent = server.cpu_seconds() - before
                    for section, figure in (
                        ("cpu_us", spent / answers * 1e6),
                        ("requests_per_second", answers / seconds),
                        ("latency_p50_ms", latency["50"]),
                        ("latency_p99_ms", latency["99"]),
                        ("memory_mib", server.memory_bytes() / 2**20),
                    ):
                        if load.pipeline > 1 and section.startswith("latency"):
                            continue  # wrk takes no latency of requests that it sends together
                        rows = sections[section].setdefault(name, {})
                        rows.setdefault(contestant.name, []).append(figure)
        print(f"round {turn + 1} of {rounds} done", file=sys.stderr, flush=True)
    return sections


def merge(total: dict[str, Figures], part: Mapping[str, Figures]) -> None:
    """Add the figures of `part` to those of `total`."""
    for section, figures in part.items():
        for workload, rows in figures.items():
            for name, values in rows.items():
                total.setdefault(section, {}).setdefault(workload, {}).setdefault(name, []).extend(
                    values
                )


def print_served(sections: Mapping[str, Figures]) -> None:
    """Print the tables of what `serve_load` measured."""
    for section, (title, unit) in SERVED.items():
        more_is_better = section == "requests_per_second"
        print(table(title, unit, sections[section], more_is_better=more_is_better))


def micro(contestants: Sequence[Contestant], *, rounds: int = 5) -> Figures:
    """Run scripts in turn; return their figures by workload (the keys of what they print)."""
    figures: Figures = {}
    for _ in range(rounds):
        for contestant in contestants:
            for name, value in run_script(contestant).items():
                figures.setdefault(name, {}).setdefault(contestant.name, []).append(value)
    return figures


# --- reports ------------------------------------------------------------------------------------


def table(title: str, unit: str, figures: Figures, *, more_is_better: bool = False) -> str:
    """Return a text table: medians as ratios to the first contestant, the figure beside them."""
    lines = [f"{title} ({unit}; {'more' if more_is_better else 'less'} is better; medians)"]
    for workload, rows in figures.items():
        lines.append(f"  {workload}")
        first = None
        for name, values in rows.items():
            if not values:
                continue
            median = statistics.median(values)
            first = median if first is None else first
            spread = f"{min(values):.4g} to {max(values):.4g}"
            lines.append(f"    {name:32} {median / first:7.2f} x   {median:10.4g}   ({spread})")
    return "\n".join(lines)


def save(path: Path, name: str, sections: Mapping[str, Figures]) -> None:
    """Write figures as JSON, with what is needed to read them later."""
    data = {
        "benchmark": name,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "sections": sections,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def arguments(description: str, **defaults: object) -> argparse.ArgumentParser:
    """Return a parser with the options every benchmark has: --rounds, --only, --json."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=defaults.get("rounds", 3))
    parser.add_argument("--only", action="append", metavar="NAME", help="only these contestants")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser


def chosen(contestants: Sequence[Contestant], only: Sequence[str] | None) -> list[Contestant]:
    """Return the contestants whose name contains one of `only` (all without it)."""
    if not only:
        return list(contestants)
    return [c for c in contestants if any(part in c.name for part in only)]


@contextlib.contextmanager
def scripts(sources: Mapping[str, str]) -> Iterator[Callable[[str], str]]:
    """Write small contestant scripts into a temporary folder; yields name -> path."""
    with tempfile.TemporaryDirectory(prefix="tornado-bench-") as folder:
        for name, source in sources.items():
            Path(folder, name).write_text(source, "utf-8")
        yield lambda name: str(Path(folder, name))
