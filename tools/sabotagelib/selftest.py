"""The tool checked: on programs that answer as the binary does, and on a tree of four sources."""

import json
import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from . import hunt, patches, report, workshop

PATCH = """What: the answer is wrong
Known: nowhere
Seen by: readers

--- a/src/core/answer.cpp
+++ b/src/core/answer.cpp
@@ -1,4 +1,4 @@
 #include "core/answer.hpp"
 int answer() {
-    return 42;
+    return 43;
 }
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
if kind == "only" and "a,b" in sys.argv:
    say(seed=7, ok=False, check="log matching")
    sys.exit(1)
if kind == "only" and "--scene" in sys.argv:
    say(violation="commit rule: ", states=3, depth=2)
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
    narrow = replace(sabotage, world="--faults a,b")
    verdict = hunt.Hunter(limits).search(_program(folder, "only"), narrow)
    trial.expect("a search of another world", (verdict.check, verdict.effort, verdict.replay),
                 ("log matching", "7 seeds with --faults a,b", "rafted sim --seed 7 --faults a,b"))
    verdict = hunt.Hunter(limits).search(folder / "only", replace(sabotage, scene="s"))
    trial.expect("a search of one scene", (verdict.check, verdict.effort),
                 ("commit rule", "3 states, depth 2"))
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


SOURCES = {
    "src/core/answer.hpp": "#pragma once\nint answer();\n",
    "src/core/answer.cpp": "#include \"core/answer.hpp\"\nint answer() {\n    return 42;\n}\n",
    "src/core/base.cpp": "int base() {\n    return 1;\n}\n",
    "apps/rafted/main.cpp": "#include \"core/answer.hpp\"\nint main() { return answer(); }\n",
}
COMMAND = "c++ -I{root}/src -O0 -Wall -Werror -o {made} -c {source}"
NINJA = """rule made
  command = : && c++ -O0 app.dir/apps/rafted/main.cpp.o -o bin/rafted lib/all.a && :
build bin/rafted: made
"""


def _write(root: Path, files: dict) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def _make_tree(root: Path) -> Path:
    """A tree of four sources, and its finished build."""
    _write(root, SOURCES)
    build = root / "build"
    commands = []
    for name in SOURCES:
        if name.endswith(".cpp"):
            made = ("app" if name.startswith("apps") else "all") + f".dir/{name}.o"
            (build / made).parent.mkdir(parents=True, exist_ok=True)
            command = COMMAND.format(root=root, made=made, source=root / name)
            subprocess.run(command.split(), cwd=build, check=True)
            commands.append({"file": str(root / name), "command": command})
    _write(build, {"compile_commands.json": json.dumps(commands), "build.ninja": NINJA,
                   "lib/x": "", "bin/x": ""})
    subprocess.run("ar rcs lib/all.a all.dir/src/core/answer.cpp.o all.dir/src/core/base.cpp.o && "
                   "c++ app.dir/apps/rafted/main.cpp.o lib/all.a -o bin/rafted",
                   shell=True, cwd=build, check=True)
    return build


def _try_workshop(trial: Trial, folder: Path, sabotage) -> None:
    root = folder / "root"
    shop = workshop.Workshop(root, folder / "home", _make_tree(root), 1)
    shop.open()
    source, copy = root / "src/core/answer.cpp", shop.tree / "src/core/answer.cpp"
    trial.expect("apply", shop.apply(sabotage), "")
    trial.expect("the patched copy", "43" in copy.read_text(encoding="utf-8"), True)
    trial.expect("what is compiled", shop.units(sabotage), [Path("src/core/answer.cpp")])
    trial.expect("build", shop.build(sabotage), "")
    trial.expect("what the sabotaged binary says", subprocess.run([shop.binary]).returncode, 43)
    trial.expect("what the control says", subprocess.run([shop.control]).returncode, 42)
    shop.revert()
    trial.expect("the reverted copy", copy.read_bytes(), source.read_bytes())
    header = replace(sabotage, files=("src/core/answer.hpp",))
    trial.expect("what a header costs", shop.units(header),
                 [Path("apps/rafted/main.cpp"), Path("src/core/answer.cpp")])
    trial.expect("a build with a new header", shop.build(header), "")
    trial.expect("what that binary says", subprocess.run([shop.binary]).returncode, 42)
    _try_trouble(trial, shop, source, sabotage)


def _try_trouble(trial: Trial, shop, source: Path, sabotage) -> None:
    copy = shop.tree / "src/core/answer.cpp"
    copy.write_text("left by an interrupted run\n", encoding="utf-8")
    trial.expect("what does not compile", shop.build(sabotage)[:14], "does not build")
    (shop.tree / "src" / "stray").write_text("x", encoding="utf-8")
    shop.copy()
    trial.expect("the copy made again", copy.read_bytes(), source.read_bytes())
    trial.expect("a stray file", (shop.tree / "src" / "stray").exists(), False)
    source.write_text("int answer();\n", encoding="utf-8")
    shop.copy()
    trial.expect("a patch that does not fit", shop.apply(sabotage)[:14], "does not apply")
    shop.revert()
    trial.expect("nothing of it is left", copy.read_bytes(), source.read_bytes())
    os.utime(shop.build_dir / "bin" / "rafted", (1, 1))
    try:
        shop.open()
        trial.expect("a build that is older than the tree", "taken", "refused")
    except patches.Unusable:
        pass


def _try_patches(trial: Trial, folder: Path, root: Path) -> None:
    for line in ("What", "Known", "Seen by"):
        path = folder / "headless.patch"
        path.write_text(PATCH.replace(line + ":", "Else:"), encoding="utf-8")
        try:
            patches.read(path)
            trial.expect(f"a head without '{line}'", "read", "refused")
        except patches.Unusable:
            pass
    path.write_text("Slow: a minute\nWorld: --faults a,b\nScene: c\n" + PATCH, encoding="utf-8")
    slow = patches.read(path)
    trial.expect("what narrows a search", (slow.world, slow.scene), ("--faults a,b", "c"))
    trial.expect("whether a slow one is quick", patches.read(path).is_quick(), False)
    header = replace(patches.read(folder / "answer.patch"), files=("src/core/answer.hpp",))
    trial.expect("whether one of a header is quick", header.is_quick(), False)
    page = folder / "page.md"
    page.write_text(f"a\n{report.BEGIN}old\n{report.END}z\n", encoding="utf-8")
    report.write_between_marks(page, "new\n")
    trial.expect("a page with marks", page.read_text(encoding="utf-8"),
                 f"a\n{report.BEGIN}new\n{report.END}z\n")
    known = patches.read_all(root / "tests" / "sabotage")
    rounds = range(-(-len(known) // 3))
    seen = {one.name for turn in rounds for one in patches.rotate(known, 3, turn)}
    trial.expect("sabotages left out by the rotation", {one.name for one in known} - seen, set())
    _try_all(trial, known, root)


def _try_all(trial: Trial, known: list, root: Path) -> None:
    """Code moves on; a patch that no longer fits would only be noticed on the day of its turn."""
    for one in known:
        done = subprocess.run(["patch", "-p1", "--forward", "--dry-run", "--reject-file=-", "-i",
                               one.path.resolve()], cwd=root, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        trial.expect(f"whether {one.name} applies", done.stdout if done.returncode else "", "")


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
