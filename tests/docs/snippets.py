#!/usr/bin/env python3
"""Every C++ block printed in README.md and docs/*.md is compiled; those that say so also run.

A block is fenced with ```cpp, and the comment right before the fence names it:
  <!-- compiled: NAME -->                 compiled and linked
  <!-- compiled: NAME; run -->            and run: it must end with code 0
  <!-- compiled: NAME; check: EXPR -->    and run: EXPR, at the end of main, must be true
Lines of the comment after its first are compiled before the block and not shown. A block without
a main of its own is given one: declarations stay outside, the rest goes into it. What is not
meant to compile is fenced as ```text.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = re.compile(r"(?:<!--(?P<mark>(?:(?!-->).)*)-->[ \t]*\n)?^```cpp[ \t]*\n(?P<code>.*?)^```",
                   re.S | re.M)
MARK = re.compile(r"\s*compiled:\s*(?P<name>[\w-]+)\s*"
                  r"(?:;\s*(?:(?P<run>run)|check:(?P<check>[^\n]*?)))?"
                  r"\s*(?:\n(?P<hidden>.*))?$", re.S)
DECLARATION = re.compile(
    r"(?:#include|struct|class|enum|template|namespace|using namespace|TEST)\b|#")


@dataclass
class Snippet:
    place: str
    name: str
    program: str
    runs: bool


def with_main(code: str, check) -> str:
    """The code as a whole program."""
    if re.search(r"\bmain\s*\(", code):
        return code
    outside, inside, in_declaration = [], [], False
    for line in code.split("\n"):
        starts = bool(DECLARATION.match(line))
        if in_declaration or starts:
            outside.append(line)
            one_line = starts and not in_declaration and line.rstrip().endswith((";", ">", '"'))
            in_declaration = not one_line and not line.startswith("}")
        else:
            inside.append(line)
    ending = f"    return ({check}) ? 0 : 1;\n" if check else ""
    return "\n".join(outside) + "\n\nint main() {\n" + "\n".join(inside) + f"\n{ending}}}\n"


def read_snippets(path: Path):
    """The snippets of one document; a string for each block that is wrongly marked."""
    text = path.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        place = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, block.start('code'))}"
        mark = MARK.match(block.group("mark") or "")
        if not mark:
            yield f"{place}: a ```cpp block needs <!-- compiled: NAME --> on the line before it"
            continue
        program = (mark.group("hidden") or "") + with_main(block.group("code"), mark.group("check"))
        runs = bool(mark.group("run") or mark.group("check"))
        yield Snippet(place, mark.group("name"), program, runs)


def documents() -> list:
    readme = ROOT / "README.md"
    return ([readme] if readme.exists() else []) + sorted((ROOT / "docs").glob("*.md"))


def first_of_readme(target: Path) -> int:
    """Writes the first block of the README as a program; 3 if there is no README."""
    if not (ROOT / "README.md").exists():
        return 3
    for snippet in read_snippets(ROOT / "README.md"):
        if isinstance(snippet, str):
            print(snippet)
            return 1
        target.write_text(snippet.program, encoding="utf-8")
        return 0
    print("README.md has no ```cpp block: it must show the first ten lines")
    return 1


def done_in(command: list, limit: int, snippet: Snippet, folder: Path) -> list:
    """What went wrong with a step of a snippet, as lines; empty if nothing."""
    try:
        done = subprocess.run(command, cwd=tempfile.mkdtemp(dir=folder), capture_output=True,
                              text=True, check=False, timeout=limit, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return [f"{snippet.place}: '{snippet.name}' did not end within {limit} s"]
    if done.returncode:
        return [f"{snippet.place}: '{snippet.name}' failed with code {done.returncode}",
                done.stdout, done.stderr]
    return []


def compile_one(snippet: Snippet, build: Path, compiler: str, folder: Path) -> list:
    file = folder / f"{snippet.name}.cpp"
    file.write_text(snippet.program, encoding="utf-8")
    libraries = [build / "lib" / f"lib{name}.a" for name in ("rafted_sim", "rafted")]
    beside = ["-lgtest"] if "_gtest.hpp>" in snippet.program else []
    return done_in([compiler, "-std=c++23", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable",
                    f"-I{ROOT / 'include'}", str(file), "-o", str(folder / snippet.name),
                    *[str(library) for library in libraries if library.exists()],
                    *beside, "-lzstd", "-pthread"], 300, snippet, folder)


def check_all(snippets: list, build: Path, compiler: str) -> list:
    """What went wrong: compiled on all cores, but run one at a time, as they may listen on the
    same port."""
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as workers:
        folder = Path(scratch)
        failures = list(workers.map(
            lambda snippet: compile_one(snippet, build, compiler, folder), snippets))
        for i, snippet in enumerate(snippets):
            if snippet.runs and not failures[i]:
                failures[i] = done_in([str(folder / snippet.name)], 60, snippet, folder)
        return [line for lines in failures for line in lines]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--first-of-readme", type=Path, metavar="FILE")
    parser.add_argument("build", type=Path, nargs="?")
    parser.add_argument("compiler", nargs="?")
    args = parser.parse_args()
    if args.first_of_readme:
        return first_of_readme(args.first_of_readme)
    read = [snippet for path in documents() for snippet in read_snippets(path)]
    failures = [snippet for snippet in read if isinstance(snippet, str)]
    snippets = [snippet for snippet in read if isinstance(snippet, Snippet)]
    names = [snippet.name for snippet in snippets]
    failures += [f"{snippet.place}: '{snippet.name}' is named twice" for snippet in snippets
                 if names.count(snippet.name) > 1]
    if not failures:
        failures = check_all(snippets, args.build, args.compiler)
    print("\n".join(failures) if failures else f"{len(snippets)} snippets compile")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
