"""Runs simulator and explorer until one of them objects, and understands what they say.

  sim      `rafted sim --seeds A..B --stop-at-first --json`: a JSON object per run on a line,
           {"seed":7,"ok":false,"check":"election safety","text":...}; code 0 clean, 1 not
  explore  `rafted explore --seconds N --json`: one per search, {"violation":"commit rule: ...",
           "states":N,"depth":D}; "ending":"halted" if the member has stopped itself

A member that stops itself by a CHECK counts as found by the "member check". Any other end is
trouble with the tool or the binary, never a find.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .patches import Sabotage, Unusable

BROKEN = re.compile(r"broken invariant: (.+?)(?: \(.*)? at \S+:\d+; stopping")
ABORTED = (-signal.SIGABRT, 128 + signal.SIGABRT)
EXPLORER_SHARE = 4  # its own limit is for each of its searches, ours for all


@dataclass
class Limits:
    seconds: float
    explore_seconds: int
    first_seed: int
    seeds: int
    max_seeds: int
    searches: str
    jobs: int = 1


@dataclass
class Verdict:
    check: str = ""   # the check that found it; empty: nobody did
    text: str = ""    # what it said
    effort: str = ""  # "17 seeds", "1204 states, depth 14", or what was spent for nothing
    replay: str = ""
    error: str = ""   # it could not be tried
    built: bool = False

    def is_found(self) -> bool:
        return bool(self.check)


@dataclass
class Answer:
    code: int
    lines: list
    errors: str
    in_time: bool

    def objection(self) -> dict:
        return next(filter(objects, self.lines), {})


def objects(line: dict) -> bool:
    return line.get("ok") is False or bool(line.get("violation")) or line.get("ending") == "halted"


def parse(raw: bytes) -> dict:
    """The JSON object on the line; an empty one if it holds something else."""
    try:
        value = json.loads(raw)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class Run:
    """A program that is ended, with all it has started, when it is late or has objected."""

    def __init__(self, command: list):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.errors, start_new_session=True)
        self.late = False

    def end(self) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def end_late(self) -> None:
        self.late = True
        self.end()

    def read(self) -> Answer:
        lines = []
        for raw in self.process.stdout:
            line = parse(raw)
            lines.append(line)
            if objects(line):
                self.end()
                break
        code = self.process.wait()
        self.process.stdout.close()
        self.errors.seek(0)
        said = self.errors.read().decode("utf-8", "replace")
        self.errors.close()
        return Answer(0 if self.late else code, lines, said, not self.late)


def ask(command: list, seconds) -> Answer:
    """`seconds`: how long it may take; None: as long as it likes."""
    run = Run(command)
    timer = threading.Timer(seconds, run.end_late) if seconds is not None else None
    if timer:
        timer.start()
    try:
        return run.read()
    finally:
        if timer:
            timer.cancel()
        run.end()


def judge(answer: Answer, what: str) -> Verdict:
    said = answer.objection()
    broken = BROKEN.search(answer.errors)
    halted = said.get("ending") == "halted" or answer.code in ABORTED
    if halted and broken:
        return Verdict(check="member check", text=broken.group(1))
    if said:
        check, _, text = str(said.get("violation") or "unnamed").partition(": ")
        return Verdict(check=str(said.get("check") or check), text=str(said.get("text") or text),
                       replay=str(said.get("replay", "")))
    if answer.code == 0:
        return Verdict()
    if answer.code < 0:
        return Verdict(check="crash", text=signal.Signals(-answer.code).name)
    last = answer.errors.strip().splitlines()[-1:] or ["and said nothing"]
    raise Unusable(f"{what} ended with code {answer.code}: {last[0]}")


class Hunter:
    def __init__(self, limits: Limits):
        self.limits = limits
        self.last_seeds = {}  # by which something was found, for each world
        self.scenes = set()   # that were searched; an empty name: all of them

    def search(self, binary: Path, sabotage: Sabotage) -> Verdict:
        """Some seeds, then the explorer if it can see it at all, then ever more seeds."""
        try:
            return self._search(binary, sabotage)
        except Unusable as error:
            return Verdict(error=str(error))

    def _search(self, binary: Path, sabotage: Sabotage) -> Verdict:
        limits = self.limits
        until = time.monotonic() + limits.seconds
        explores = limits.searches != "sim" and sabotage.is_in_core()
        spent, count, first = {}, limits.seeds, limits.first_seed
        end = limits.first_seed + limits.max_seeds
        while limits.searches != "explore" and first < end and time.monotonic() < until:
            count = min(count, end - first)
            for world in {"": 1, sabotage.world: 1}:
                verdict = self._seeds(binary, world, (first, count),
                                      max(until - time.monotonic(), 1.0))
                if verdict.is_found():
                    return verdict
                spent[f"sim {world}"] = verdict.effort
            first += count
            count *= 3
            if explores and "explore" not in spent:
                verdict = self._states(binary, sabotage.scene)
                if verdict.is_found():
                    return verdict
                spent["explore"] = verdict.effort
                until += limits.explore_seconds
        if explores and "explore" not in spent:
            verdict = self._states(binary, sabotage.scene)
            if verdict.is_found():
                return verdict
            spent["explore"] = verdict.effort
        return Verdict(effort=" and ".join(spent.values()) or "nothing that can see it was run")

    def _seeds(self, binary: Path, world: str, part: tuple, seconds) -> Verdict:
        first, count = part
        only = world.split()
        answer = ask([binary, "sim", "--seeds", f"{first}..{first + count - 1}", "--stop-at-first",
                      "--json", "--jobs", str(self.limits.jobs), *only], seconds)
        verdict = judge(answer, "rafted sim")
        clean = sum(1 for line in answer.lines if "seed" in line and line.get("ok") is True)
        what = f" with {world}" if world else ""
        if not verdict.is_found():
            ran = count if answer.in_time else clean
            verdict.effort = _plural(first + ran - self.limits.first_seed, "seed") + what
            return verdict
        at = int(answer.objection().get("seed", first + clean))
        verdict.effort = _plural(at - self.limits.first_seed + 1, "seed") + what
        verdict.replay = verdict.replay or " ".join(["rafted sim --seed", str(at), *only])
        self.last_seeds[world] = max(self.last_seeds.get(world, 0), at)
        return verdict

    def _states(self, binary: Path, scene: str) -> Verdict:
        seconds = self.limits.explore_seconds
        share = max(1, seconds * 3 // 4 if scene else seconds // EXPLORER_SHARE)
        only = ["--scene", scene] if scene else []
        answer = ask([binary, "explore", "--seconds", str(share), "--json", *only], seconds)
        verdict = judge(answer, "rafted explore")
        self.scenes.add(scene)
        states = sum(int(line.get("states", 0)) for line in answer.lines)
        verdict.effort = _plural(states, "state") if answer.lines else "states not told"
        depth = answer.objection().get("depth")
        if depth is not None:
            verdict.effort += f", depth {depth}"
        return verdict

    def control(self, binary: Path) -> Verdict:
        """The tree as it is, on all by which something was found: all must be clean."""
        efforts = []
        try:
            for world, last in sorted(self.last_seeds.items()):
                part = (self.limits.first_seed, last - self.limits.first_seed + 1)
                verdict = self._seeds(binary, world, part, None)
                if verdict.is_found():
                    return verdict
                efforts.append(verdict.effort)
            for scene in sorted(self.scenes):
                verdict = self._states(binary, scene)
                if verdict.is_found():
                    return verdict
                efforts.append(verdict.effort)
        except Unusable as error:
            return Verdict(error=str(error))
        return Verdict(effort=" and ".join(efforts) or "nothing to compare with")


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
