"""The tool checked: on small programs that answer as the binary does, and on a tree of one file."""

import tempfile
from pathlib import Path

from . import hunt, patches, report, workshop

PATCH = """What: the answer is wrong
Known: nowhere
Seen by: readers

--- a/src/core/answer.txt
+++ b/src/core/answer.txt
@@ -1,3 +1,3 @@
 one
-forty-two
+forty-three
 three
"""
CHECK = "rafted: broken invariant: terms never fall (a <= b) at x.cpp:7; stopping before harm"
BINARY = """#!/usr/bin/env python3
import json, os, sys, time
def say(**words): print(json.dumps(words), flush=True)
kind, is_sim = {kind!r}, sys.argv[1] == "sim"
if is_sim: first, last = map(int, sys.argv[3].split(".."))
if kind == "seed" and is_sim:
    for seed in range(first, last + 1):
        say(seed=seed, ok=seed != 77, **({{}} if seed != 77 else {{"check": "log matching"}}))
        if seed == 77: sys.exit(1)
if kind == "states" and not is_sim:
    say(violation="", states=40, depth=3)
    say(violation="commit rule: a commits what it may not", states=2, depth=9)
    sys.exit(1)
if kind == "halt" and not is_sim:
    print({check!r}, file=sys.stderr, flush=True)
    say(ending="halted", violation="", states=5, depth=1)
    time.sleep(60)
if kind == "abort":
    say(seed=first, ok=True)
    print({check!r}, file=sys.stderr, flush=True)
    os.abort()
if kind == "hang": time.sleep(60)
if kind == "mute": sys.exit(1)
if kind == "usage": sys.exit("unknown command")
say(ok=True, states=9)
"""


class Trial:
    def __init__(self):
        self.failures = 0

    def expect(self, what: str, got, wanted) -> None:
        if got != wanted:
            self.failures += 1
            print(f"sabotage: self-test: {what}: wanted {wanted!r}, got {got!r}")


def _program(folder: Path, kind: str) -> Path:
    path = folder / kind
    path.write_text(BINARY.format(kind=kind, check=CHECK), encoding="utf-8")
    path.chmod(0o755)
    return path


def _try_hunt(trial: Trial, folder: Path, sabotage) -> None:
    limits = hunt.Limits(2.0, 1, 1, 10, 200, "both")
    wanted = {"seed": ("log matching", "77 seeds"), "states": ("commit rule", "42 states, depth 9"),
              "abort": ("member check", "2 seeds"),
              "halt": ("member check", "5 states, depth 1"),
              "clean": ("", "200 seeds and 9 states")}
    for kind, (check, effort) in wanted.items():
        verdict = hunt.Hunter(limits).search(_program(folder, kind), sabotage)
        trial.expect(f"a binary that is '{kind}'", (verdict.check, verdict.effort, verdict.error),
                     (check, effort, ""))
    for kind in ("mute", "usage"):
        verdict = hunt.Hunter(limits).search(_program(folder, kind), sabotage)
        trial.expect(f"a binary that is '{kind}'", (verdict.check, bool(verdict.error)),
                     ("", True))
    only_sim = hunt.Limits(0.5, 1, 1, 10, 200, "sim")
    verdict = hunt.Hunter(only_sim).search(_program(folder, "hang"), sabotage)
    trial.expect("a binary that hangs", (verdict.check, verdict.effort, verdict.error),
                 ("", "0 seeds", ""))
    hunter = hunt.Hunter(limits)
    hunter.search(folder / "seed", sabotage)
    trial.expect("a clean control", hunter.control(folder / "clean").effort,
                 "77 seeds and 9 states")
    trial.expect("a control that is not", hunter.control(folder / "seed").check, "log matching")
    lines = [report.Line(sabotage, hunter.search(folder / "seed", sabotage), 0.0, 0.0)]
    good = report.Report(lines, hunter.control(folder / "clean"), False)
    trial.expect("a good report", (good.is_good(), good.summary()), (True, "1 of 1 found"))
    bad = report.Report(lines, hunter.control(folder / "seed"), False)
    trial.expect("a report with a bad control", bad.is_good(), False)


def _try_workshop(trial: Trial, folder: Path, sabotage) -> None:
    source = folder / "root" / "src" / "core" / "answer.txt"
    source.parent.mkdir(parents=True)
    source.write_text("one\nforty-two\nthree\n", encoding="utf-8")
    shop = workshop.Workshop(folder / "root", folder / "home", 1)
    shop.copy()
    copy = shop.tree / "src" / "core" / "answer.txt"
    trial.expect("apply", shop.apply(sabotage), "")
    trial.expect("the patched copy", copy.read_text(encoding="utf-8"), "one\nforty-three\nthree\n")
    shop.revert()
    trial.expect("the reverted copy", copy.read_bytes(), source.read_bytes())
    copy.write_text("left by an interrupted run\n", encoding="utf-8")
    (shop.tree / "stray").write_text("x", encoding="utf-8")
    shop.copy()
    trial.expect("the copy made again", copy.read_bytes(), source.read_bytes())
    trial.expect("a stray file", (shop.tree / "stray").exists(), False)
    source.write_text("something else\n", encoding="utf-8")
    shop.copy()
    trial.expect("a patch that does not fit", shop.apply(sabotage)[:14], "does not apply")
    shop.revert()
    trial.expect("nothing of it is left", copy.read_bytes(), source.read_bytes())


def _try_patches(trial: Trial, folder: Path, root: Path) -> None:
    for line in ("What", "Known", "Seen by"):
        path = folder / "headless.patch"
        path.write_text(PATCH.replace(line + ":", "Else:"), encoding="utf-8")
        try:
            patches.read(path)
            trial.expect(f"a head without '{line}'", "read", "refused")
        except patches.Unusable:
            pass
    known = patches.read_all(root / "tests" / "sabotage")
    rounds = range(-(-len(known) // 3))
    seen = {one.name for turn in rounds for one in patches.rotate(known, 3, turn)}
    trial.expect("sabotages left out by the rotation", {one.name for one in known} - seen, set())


def run(root: Path) -> int:
    trial = Trial()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "answer.patch"
        path.write_text(PATCH, encoding="utf-8")
        sabotage = patches.read(path)
        _try_patches(trial, folder, root)
        _try_hunt(trial, folder, sabotage)
        _try_workshop(trial, folder, sabotage)
    print(f"sabotage: self-test, {trial.failures} failures")
    return 1 if trial.failures else 0
