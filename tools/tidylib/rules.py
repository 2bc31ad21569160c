"""The rules: what each forbids, on which files, and where the figures are.

A check yields Finding(rule, path, line, figure, text). The figure is what the ratchet compares:
a size for size rules, 1 for each finding of the others.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from . import fences, source

MAX_FILE, MAX_FUNCTION, MAX_LINE, MAX_OPENING, MAX_PARAMETERS = 500, 60, 100, 12, 4

RULES = {
    "file": f"a file has at most {MAX_FILE} lines",
    "function": f"a function has at most {MAX_FUNCTION} lines, from its head to its brace",
    "line": f"a line has at most {MAX_LINE} columns, no tab, no space at its end",
    "opening": f"a header opens with a comment; an opening comment has <= {MAX_OPENING} lines",
    "parameters": f"a function has at most {MAX_PARAMETERS} parameters; more go into a struct",
    "fence": "a room includes only the rooms and libraries that tools/tidylib/fences.py lists",
    "pure": "core/ names no clock, thread, stream, file or chance",
    "exceptions": "core/, ports/ and host/ do not throw; core/ and ports/ do not catch",
    "unfinished": "no marks of unfinished work",
    "friend": "no friend declarations",
    "exit": "nothing calls exit(); a library returns its errors",
    "state": "no function-local statics or thread-locals with state in src/ and include/",
    "sleep": "no test sleeps on the real clock, except in tests/live and the layer tests/faults",
    "skip": "no test skips itself",
    "format": "C++ is formatted as clang-format-19 does it with .clang-format",
}

CPP = {".cpp", ".hpp"}
TEXT = CPP | {".py", ".sh", ".cmake", ".md", ".js", ".css", ".html"}
SKIPPED_FOLDERS = {"build", "data", ".git", ".cache", "__pycache__", "corpus"}
SCRIPTS = {"run", "test", "tools/tidy", "tools/full", "tools/sabotage", ".ci/run", "CMakeLists.txt",
           "tests/run_in_scratch", "tests/commands_check", "tests/package/check",
           "tests/web/check"}
# Spelled apart, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(?:" + "|".join(["TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"]) + r")\b")


@dataclass
class Finding:
    rule: str
    path: str
    line: int
    figure: int
    text: str


def tracked_files(root: Path) -> list:
    """Paths below root, as strings, of all files that the rules speak of."""
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(set(subfolders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            path = (Path(folder) / name).relative_to(root).as_posix()
            if Path(name).suffix in TEXT or path in SCRIPTS:
                found.append(path)
    return found


def check_file(root: Path, path: str) -> list:
    try:
        text = (root / path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return [Finding("line", path, 1, 1, f"is not UTF-8: {error}")]
    return check_text(path, text)


def check_text(path: str, text: str) -> list:
    found = list(_check_any(path, text))
    if Path(path).suffix in CPP:
        code = source.blank_comments_and_strings(text)
        found += _check_opening(path, text)
        found += _check_functions(path, code)
        found += fences.check(path, text, Finding)
        found += _check_words(path, code)
    return found


def _check_any(path: str, text: str):
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    # Documents are as long as they need to be; their tables and links are as wide.
    if not path.endswith(".md"):
        if len(lines) > MAX_FILE:
            yield Finding("file", path, len(lines), len(lines), f"has {len(lines)} lines")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_LINE:
                yield Finding("line", path, number, len(line), f"has {len(line)} columns")
            if "\t" in line:
                yield Finding("line", path, number, 1, "has a tab")
            if line != line.rstrip():
                yield Finding("line", path, number, 1, "ends with a space")
    for number, line in enumerate(lines, 1):
        if mark := UNFINISHED.search(line):
            yield Finding("unfinished", path, number, 1, f"says {mark.group(0)}")


def _check_opening(path: str, text: str):
    lines = text.split("\n")
    size = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    if path.endswith(".hpp") and size == 0:
        yield Finding("opening", path, 1, 1, "does not open with a comment: what it is, what not")
    if size > MAX_OPENING:
        yield Finding("opening", path, 1, size, f"opens with {size} lines of comment")


def _check_functions(path: str, code: str):
    for function in source.functions(code):
        if function.lines > MAX_FUNCTION:
            yield Finding("function", path, function.line, function.lines,
                          f"the function has {function.lines} lines")
        if function.parameters > MAX_PARAMETERS:
            yield Finding("parameters", path, function.line, function.parameters,
                          f"the function has {function.parameters} parameters")
        if function.body and path.startswith(("src/", "include/")):
            yield from _check_state(path, code, function)


def _check_state(path: str, code: str, function):
    first, last = function.body
    pattern = re.compile(r"\b(?:static\s+(?!const\b|constexpr\b)|thread_local\b)")
    for found in pattern.finditer(code, first, last):
        line = code.count("\n", 0, found.start()) + 1
        yield Finding("state", path, line, 1, "a function keeps state of its own")


# rule, which paths (regex), which words (regex on code without comments and strings), what it is
_WORDS = [
    ("friend", r".", r"\bfriend\b", "declares a friend"),
    ("exit", r".", r"(?<![\w.>])(?:exit|quick_exit)\s*\(", "calls exit()"),
    ("pure", r"^src/core/", r"::now\s*\(|\bstd::(?:cout|cerr|clog|cin)\b|\brandom_device\b"
     r"|\bmt19937\w*|(?<![\w.>])(?:rand|getenv|fopen)\s*\("
     r"|(?<![\w.>])time\s*\(\s*(?:nullptr|NULL|0|&)", "reaches out of the core"),
    ("exceptions", r"^src/(?:core|ports|host)/", r"\bthrow\b", "throws"),
    ("exceptions", r"^src/(?:core|ports)/", r"\b(?:try|catch)\b", "catches"),
    ("sleep", r"^tests/(?!live/|faults/|support/|package/|docs/)",
     r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>])sleep\s*\(", "sleeps"),
    ("skip", r"^tests/", r"\bGTEST_SKIP\b|\bDISABLED_\w+", "skips itself"),
]


def _check_words(path: str, code: str):
    for rule, where, words, what in _WORDS:
        if re.search(where, path):
            for found in re.finditer(words, code):
                line = code.count("\n", 0, found.start()) + 1
                yield Finding(rule, path, line, 1, f"{what}: {found.group(0).strip()}")
