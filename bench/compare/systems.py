"""The systems that are measured, and what each of them can be asked for.

A case is one kind of load at several numbers of requests outstanding. For each case a system has a
way of running it, or is not in it. Every call of measure() starts the system anew, in an empty
directory, and stops it; it gives a row for each number of requests outstanding.
"""

import csv
import json
import math
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import peers

ROOT = peers.ROOT


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    outstanding: tuple
    per_entry: bool = False  # nanoseconds per entry at a batch size, in place of a load

    @property
    def is_query(self) -> bool:
        return self.name in ("tcp-query", "tcp-lease")


CASES = (
    Case("tcp-durable", "put over TCP, three processes, client in a fourth, durable", (1, 64, 256)),
    Case("tcp-memory", "put over TCP, three processes, client in a fourth, no sync", (1, 64, 256)),
    Case("tcp-query", "linearizable query over TCP, no lease", (1, 64, 256)),
    Case("tcp-lease", "linearizable query over TCP, by the leader's lease", (1, 64, 256)),
    Case("inside-durable", "command, load inside the leader's process, durable", (1, 64, 1024)),
    Case("inside-memory", "command, load inside the leader's process, no disk", (1, 64)),
    Case("one-process", "command, three nodes in one process, no disk, no sockets", (1, 64)),
    Case("core", "the core alone, three members, nanoseconds per committed entry", (1, 64),
         per_entry=True),
)


@dataclass
class Ask:
    """What a measurement is to be like."""
    seconds: float
    bytes: int
    dir: Path      # empty, on the disk that is measured
    memory: Path   # empty, on a file system in memory


def _json(command: list, timeout: float, environment: dict | None = None):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=timeout, env=environment)
    if done.returncode != 0:
        why = done.stderr.strip()[-300:]
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {why}")
    return json.loads(done.stdout)


class Rafted:
    name = "rafted"
    bin = ROOT / "build" / "release" / "bin"

    def cases(self):
        return [case.name for case in CASES]

    def prepare(self):
        for program in ("bench_load", "bench_core_step"):
            if not (self.bin / program).exists():
                raise peers.Missing(f"{self.bin / program} is missing: ./test bench builds it")

    def measure(self, case: Case, ask: Ask) -> dict:
        if case.name == "core":
            return self._core(case)
        command = [self.bin / "bench_load", "--json", "--seconds", ask.seconds,
                   "--bytes", ask.bytes, "--clients", ",".join(map(str, case.outstanding))]
        command += ["--only", "query" if case.is_query else "put"]
        if case.name == "tcp-query":
            command += ["--no-lease"]
        # Asked for what those beside it do: etcd and Redis put to keys, the others count.
        if case.name.startswith("inside"):
            command += ["--inside", "--count"]
        if case.name == "one-process":
            command += ["--one-process", "--count"]
        if case.name.endswith("durable"):
            command += ["--dir", ask.dir]
        rows = _json(command, 60 + 5 * ask.seconds * len(case.outstanding))
        bad = [row for row in rows if row["errors"]]
        if bad:
            raise RuntimeError(f"bench_load had errors: {bad}")
        return {row["clients"]: row for row in rows}

    def _core(self, case: Case) -> dict:
        report = _json([self.bin / "bench_core_step", "--benchmark_format=json",
                        "--benchmark_filter=^per_committed_entry/(1|64)$"], 120)
        rows = {}
        for run in report["benchmarks"]:
            rows[int(run["name"].split("/")[1])] = {"ns_per_entry": run["per_entry"] * 1e9}
        return {n: rows[n] for n in case.outstanding}


class Etcd:
    name = "etcd"

    def cases(self):
        return ["tcp-durable", "tcp-memory", "tcp-query", "core"]

    def prepare(self):
        self.load = peers.go_program("etcd")
        self.core = peers.go_program("etcd_core")

    def measure(self, case: Case, ask: Ask) -> dict:
        if case.name == "core":
            return {n: _json([self.core, "-batch", n, "-size", ask.bytes], 120)
                    for n in case.outstanding}
        extra = ["--unsafe-no-fsync"] if case.name == "tcp-memory" else []
        op = "get" if case.name == "tcp-query" else "put"
        with self._cluster(ask.dir, extra):
            # So that there is something to get, and every connection has been used.
            _json([self.load, "-op", "put", "-clients", 64, "-secs", 1, "-size", ask.bytes], 60)
            return {n: _json([self.load, "-op", op, "-clients", n, "-secs", ask.seconds, "-size",
                              ask.bytes, "-leader"], 60 + ask.seconds)
                    for n in case.outstanding}

    @contextmanager
    def _cluster(self, directory: Path, extra: list):
        members = ",".join(f"m{i}=http://127.0.0.1:2380{i}" for i in (1, 2, 3))
        started = []
        try:
            for i in (1, 2, 3):
                client, peer = f"http://127.0.0.1:2379{i}", f"http://127.0.0.1:2380{i}"
                started.append(subprocess.Popen(
                    ["etcd", "--name", f"m{i}", "--data-dir", str(directory / f"m{i}"),
                     "--listen-client-urls", client, "--advertise-client-urls", client,
                     "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                     "--initial-cluster", members, "--initial-cluster-state", "new", "--logger",
                     "zap", "--log-level", "error", "--quota-backend-bytes", "8000000000", *extra],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(3)
            yield
        finally:
            for process in started:
                process.kill()
            for process in started:
                process.wait()


class Libraft:
    name = "libraft"

    def cases(self):
        return ["inside-durable", "inside-memory"]

    def prepare(self):
        self.load = peers.libraft_program()

    def measure(self, case: Case, ask: Ask) -> dict:
        base = ask.dir if case.name == "inside-durable" else ask.memory
        rows = {}
        for n in case.outstanding:
            directory = base / f"libraft-{n}"
            directory.mkdir()
            rows[n] = _json([self.load, directory, n, ask.bytes, ask.seconds], 60 + ask.seconds)
        return rows


class Hashicorp:
    name = "hashicorp"

    def cases(self):
        return ["inside-durable", "inside-memory", "one-process"]

    def prepare(self):
        self.load = peers.go_program("hashicorp")

    def measure(self, case: Case, ask: Ask) -> dict:
        rows = {}
        for n in case.outstanding:
            command = [self.load, "-clients", n, "-secs", ask.seconds, "-size", ask.bytes]
            if case.name != "one-process":
                command += ["-tcp"]
            if case.name == "inside-durable":
                directory = ask.dir / f"hashicorp-{n}"
                directory.mkdir()
                command += ["-dir", directory]
            rows[n] = _json(command, 60 + ask.seconds)
        return rows


class Redis:
    """One server, nothing replicated: what a single process with a log does."""
    name = "redis"
    port = 23797

    def cases(self):
        return ["tcp-durable", "tcp-memory"]

    def prepare(self):
        for program in ("redis-server", "redis-benchmark"):
            if shutil.which(program) is None:
                raise peers.Missing(f"needs {program}")

    def measure(self, case: Case, ask: Ask) -> dict:
        durable = "yes" if case.name == "tcp-durable" else "no"
        server = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(ask.dir),
             "--save", "", "--appendonly", durable, "--appendfsync", "always"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            return {n: self._load(n, ask) for n in case.outstanding}
        finally:
            server.kill()
            server.wait()

    def _load(self, clients: int, ask: Ask) -> dict:
        """As many requests as take about the time asked for, which a first tenth tells."""
        row = self._some(clients, ask, 2000 if clients == 1 else 20_000)
        return self._some(clients, ask, max(int(row["per_second"] * ask.seconds), 1000))

    def _some(self, clients: int, ask: Ask, count: int) -> dict:
        done = subprocess.run(
            ["redis-benchmark", "-h", "127.0.0.1", "-p", str(self.port), "-t", "set", "-d",
             str(ask.bytes), "-r", "10000", "-c", str(clients), "-n", str(count), "--csv"],
            capture_output=True, text=True, timeout=60 + 10 * ask.seconds)
        rows = list(csv.DictReader(done.stdout.splitlines()))
        if done.returncode != 0 or not rows:
            raise RuntimeError(
                f"redis-benchmark ended with {done.returncode}: {done.stderr[-200:]}")
        return {"per_second": float(rows[0]["rps"]),
                "p50_us": 1000 * float(rows[0]["p50_latency_ms"]),
                "p99_us": 1000 * float(rows[0]["p99_latency_ms"])}


class Nuraft:
    """By its own raft_bench: three processes, no disk, the load's threads inside the leader's."""
    name = "nuraft"
    program = None  # raft_bench of a copy that was built elsewhere

    def cases(self):
        return ["inside-memory"]

    def prepare(self):
        if self.program is None:
            raise peers.Missing("needs --nuraft FILE, the raft_bench of a built copy")
        if not Path(self.program).is_file():
            raise peers.Missing(f"{self.program} is missing")

    def measure(self, case: Case, ask: Ask) -> dict:
        rows = {}
        for n in case.outstanding:
            directory = ask.dir / f"nuraft-{n}"
            directory.mkdir()
            rows[n] = self._run(directory, n, ask)
        return rows

    def _run(self, directory: Path, clients: int, ask: Ask) -> dict:
        seconds = max(math.ceil(ask.seconds), 2)
        program = str(Path(self.program).resolve())
        others = [f"127.0.0.1:1230{i}" for i in (2, 3)]
        followers = [subprocess.Popen([program, str(i), address, "600"], cwd=directory,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                     for i, address in zip((2, 3), others)]
        try:
            time.sleep(0.5)
            done = subprocess.run([program, "1", "127.0.0.1:12301", str(seconds), "1000000",
                                   str(clients), str(ask.bytes), *others], cwd=directory,
                                  capture_output=True, text=True, timeout=60 + seconds)
        finally:
            for follower in followers:
                follower.kill()
            for follower in followers:
                follower.wait()
        written = list(directory.glob("raft_latency_*.log"))
        counts = re.findall(r"\b(\d+)/\d+\D+(\d+)", done.stdout)
        if not written or not counts:
            raise RuntimeError(f"raft_bench has said nothing: {done.stdout[-200:]!r}")
        percentiles = dict(line.split("\t") for line in written[0].read_text().splitlines())
        return {"per_second": float(counts[-1][1]) / seconds,
                "p50_us": float(percentiles["50"]), "p99_us": float(percentiles["99"])}


@dataclass
class Erlang:
    """A library of Erlang nodes, through the folder of a built copy; the load is a node too."""
    name: str
    module: str  # of bench/peers
    needs: str   # what the folder holds
    able: tuple  # the cases
    behaviours: tuple = ()  # of the folder, for the compiler
    runtime: tuple = ()     # further folders of libraries
    libraries: Path | None = None

    def cases(self):
        return list(self.able)

    def prepare(self):
        if self.libraries is None:
            raise peers.Missing(f"needs --{self.name} DIR, {self.needs}")
        paths = [Path(self.libraries) / library / "ebin" for library in self.behaviours]
        self.load = peers.erlang_modules(("erlang_load", self.module), paths)

    def measure(self, case: Case, ask: Ask) -> dict:
        folders = [str(Path(folder).resolve()) for folder in (self.libraries, *self.runtime)]
        environment = {**os.environ, "ERL_EPMD_ADDRESS": "127.0.0.1",
                       "ERL_CRASH_DUMP_SECONDS": "0", "ERL_LIBS": ":".join(folders)}
        where = {"tcp": "outside", "inside": "inside", "one": "together"}[case.name.split("-")[0]]
        command = ["erl", "-noinput", "-pa", self.load, "-name", "load@127.0.0.1", "-kernel",
                   "inet_dist_use_interface", "{127,0,0,1}", "-run", "erlang_load", "main",
                   self.module, ask.dir, "query" if case.is_query else "command", where,
                   int(ask.seconds * 1000), ask.bytes, ",".join(map(str, case.outstanding))]
        rows = _json(command, 60 + 5 * ask.seconds * len(case.outstanding), environment)
        return {int(n): row for n, row in rows.items()}


# It always syncs.
RA = Erlang("ra", "ra_load", "the built libraries ra, aten, gen_batch_server and seshat",
            ("tcp-durable", "tcp-query", "inside-durable"), behaviours=("ra",))
# In memory: what it writes to files it does not sync.
REFERENCE = Erlang("reference", "reference_load", "the built libraries rafted_value and croma",
                   ("tcp-memory", "tcp-lease", "inside-memory", "one-process"),
                   runtime=("/usr/lib/elixir/lib",))
SYSTEMS = (Rafted(), Etcd(), Redis(), Libraft(), Hashicorp(), Nuraft(), RA, REFERENCE)
