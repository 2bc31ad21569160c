"""The patches of tests/sabotage: a head of lines that say what each is, then the change.

    What: what the change breaks, as a sentence
    Known: paper, issue or weakness that it is known from
    Seen by: the checks that should notice, the likeliest first
    Slow: only in those that take long to be found: how long, or why
    World: options of a second search of the same seeds, where that finds it sooner
    Scene: the one search of the explorer that can see it, where the others only cost time
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

HEAD = ("What", "Known", "Seen by")


class Unusable(Exception):
    """Nothing can be said: a patch is malformed, the tree does not build, a run makes no sense."""


@dataclass(frozen=True)
class Sabotage:
    name: str
    path: Path
    what: str
    known: str
    seen_by: str
    files: tuple
    slow: str = ""
    world: str = ""
    scene: str = ""

    def is_quick(self) -> bool:
        """Whether it is built and found in seconds."""
        return not self.slow and all(path.endswith(".cpp") for path in self.files)

    def is_in_core(self) -> bool:
        """Whether the explorer, which runs the core alone, can see it."""
        return any(path.startswith("src/core/") for path in self.files)


def read(path: Path) -> Sabotage:
    text = path.read_text(encoding="utf-8")
    head, mark, _ = text.partition("\n--- ")
    found = dict(re.findall(r"^([A-Z][a-z]+(?: by)?): (.+)$", head, re.M))
    missing = [word for word in HEAD if word not in found]
    files = tuple(re.findall(r"^\+\+\+ b/(\S+)$", text, re.M))
    if missing:
        raise Unusable(f"{path}: its head has no line '{missing[0]}: ...'")
    if not mark or not files:
        raise Unusable(f"{path}: it changes nothing")
    return Sabotage(path.stem, path, found["What"], found["Known"], found["Seen by"], files,
                    found.get("Slow", ""), found.get("World", ""), found.get("Scene", ""))


def read_all(folder: Path) -> list:
    found = [read(path) for path in sorted(folder.glob("*.patch"))]
    if not found:
        raise Unusable(f"{folder} holds no patches")
    return found


def rotate(known: list, count: int, turn: int) -> list:
    """`count` of them; turns that follow each other go round all, in an order that mixes rooms."""
    mixed = sorted(known, key=lambda one: hashlib.sha256(one.name.encode()).digest())
    count = min(count, len(mixed))
    begin = turn * count % len(mixed)
    return [mixed[(begin + i) % len(mixed)] for i in range(count)]
