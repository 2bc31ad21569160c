"""The format rule: clang-format 19 and .clang-format have the last word on layout."""

import re
import shutil
import subprocess

from . import rules

PROGRAM = "clang-format-19"


def _cpp(files: list) -> list:
    return [path for path in files if path.endswith((".cpp", ".hpp"))]


def check(root, files: list) -> list:
    names = _cpp(files)
    if not names:
        return []
    if not shutil.which(PROGRAM):
        print(f"tidy: {PROGRAM} is not installed; the format rule was not checked")
        return []
    done = subprocess.run([PROGRAM, "--dry-run", "--fno-color-diagnostics", *names], cwd=root,
                          capture_output=True, text=True, check=False)
    first = {}
    for path, line in re.findall(r"^(.+?):(\d+):\d+: (?:warning|error):", done.stderr, re.M):
        first.setdefault(path, int(line))
    if done.returncode and not first:
        raise SystemExit(f"tidy: {PROGRAM} failed: {done.stderr}")
    return [rules.Finding("format", path, line, 1, "is not formatted (tools/tidy --format)")
            for path, line in sorted(first.items())]


def rewrite(root, files: list) -> int:
    names = _cpp(files)
    if not shutil.which(PROGRAM):
        print(f"tidy: {PROGRAM} is not installed")
        return 1
    return subprocess.run([PROGRAM, "-i", *names], cwd=root, check=False).returncode if names else 0
