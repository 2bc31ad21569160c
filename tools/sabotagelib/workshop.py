"""The copy of the tree in which patches are applied, and the binaries made of it.

  1. The tree and the build it was made by are never touched: open() copies the sources, the
     libraries and the app's objects, so that a build that goes on meanwhile does no harm.
  2. Between apply() and revert() exactly one patch is in.
  3. Only what a patch touches is compiled. Its objects stand before the libraries, so that the
     members of the same names are not taken from there.
"""

import json
import re
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .patches import Unusable

COPIED = ("include", "src", "apps")
QUICK = ("-O1", "-g0", "-Wno-error")
INCLUDE = re.compile(rb'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
HOW_TO_BUILD = "make it with: cmake --build --preset release --target rafted_app"


class Workshop:
    def __init__(self, root: Path, home: Path, build: Path, jobs: int):
        self.root, self.build_dir, self.jobs = root, build, jobs
        self.tree, self.base, self.objects = home / "tree", home / "base", home / "objects"
        self.binary, self.control = home / "rafted", self.base / "bin" / "rafted"
        self.originals = {}
        self.link, self.commands, self.includes = [], {}, {}

    def open(self) -> None:
        """Makes the copies; afterwards the build may change."""
        self.copy()
        self.commands = self._read_commands()
        self.link = self._read_link()
        self._refuse_an_old_build()
        for name in [word for word in self.link if word.endswith((".o", ".a"))] + ["bin/rafted"]:
            kept = self.base / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.build_dir / name, kept)

    def copy(self) -> None:
        wanted = set()
        for name in COPIED:
            found = sorted((self.root / name).rglob("*"))
            wanted |= {path.relative_to(self.root) for path in found if path.is_file()}
        for path in wanted:
            content, copy = (self.root / path).read_bytes(), self.tree / path
            if not copy.is_file() or copy.read_bytes() != content:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content)
        for path in sorted(self.tree.rglob("*")):
            if path.is_file() and path.relative_to(self.tree) not in wanted:
                path.unlink()

    def _read_commands(self) -> dict:
        """How each source of the tree is compiled: words by its path below the root."""
        path = self.build_dir / "compile_commands.json"
        if not path.is_file():
            raise Unusable(f"{self.build_dir} holds no finished build; {HOW_TO_BUILD}")
        found = {}
        for one in json.loads(path.read_text(encoding="utf-8")):
            source = Path(one["file"])
            if any(source.is_relative_to(self.root / name) for name in COPIED):
                found[source.relative_to(self.root)] = shlex.split(one["command"])
        return found

    def _read_link(self) -> list:
        """How the binary is linked, as words."""
        done = subprocess.run(["ninja", "-C", self.build_dir, "-t", "commands", "-s",
                               "bin/rafted"], capture_output=True, text=True, check=False)
        words = shlex.split(done.stdout) if done.returncode == 0 else []
        if "-o" not in words:
            raise Unusable(f"{self.build_dir} is no build by Ninja with the app in it: "
                           f"{done.stderr.strip()}")
        return [word for word in words if word not in (":", "&&")]

    def _refuse_an_old_build(self) -> None:
        binary = self.build_dir / "bin" / "rafted"
        if not binary.is_file():
            raise Unusable(f"there is no {binary}; {HOW_TO_BUILD}")
        used = set().union(*(self.reach(source) for source in self.commands))
        made = binary.stat().st_mtime
        newer = sorted(path for path in used if (self.root / path).stat().st_mtime > made)
        if newer:
            raise Unusable(f"{binary} is older than {newer[0]}; {HOW_TO_BUILD}")

    def reach(self, source: Path) -> set:
        """The source and all files of the tree that it includes, also through others."""
        seen, due = set(), [source]
        while due:
            path = due.pop()
            if path not in seen:
                seen.add(path)
                due += self._included_by(path)
        return seen

    def _included_by(self, path: Path) -> list:
        if path not in self.includes:
            names = [name.decode() for name in INCLUDE.findall((self.tree / path).read_bytes())]
            rooms = (path.parent, Path("src"), Path("include"), Path("apps/rafted"))
            found = [[room / name for room in rooms if (self.tree / room / name).is_file()]
                     for name in names]
            self.includes[path] = [hits[0] for hits in found if hits]
        return self.includes[path]

    def units(self, sabotage) -> list:
        """The sources that must be compiled for it."""
        touched = set(map(Path, sabotage.files))
        return sorted(source for source in self.commands if self.reach(source) & touched)

    def build(self, sabotage) -> str:
        """Compiles and links what apply() has made. Returns what went wrong, or nothing."""
        units = self.units(sabotage)
        if not units:
            return "does not build: nothing that is compiled depends on it"
        shutil.rmtree(self.objects, ignore_errors=True)
        with ThreadPoolExecutor(self.jobs) as pool:
            troubles = [trouble for trouble in pool.map(self._compile, units) if trouble]
        return troubles[0] if troubles else self._link(units)

    def _object_of(self, unit: Path) -> Path:
        return self.objects / unit.with_suffix(".o")

    def _compile(self, unit: Path) -> str:
        words = [word.replace(f"-I{self.root}/", f"-I{self.tree}/") for word in
                 self.commands[unit]]
        made = self._object_of(unit)
        made.parent.mkdir(parents=True, exist_ok=True)
        words[words.index("-o") + 1] = str(made)
        words[words.index("-c"):] = [*QUICK, "-c", str(self.tree / unit)]
        return _trouble(words, self.build_dir)

    def _link(self, units: list) -> str:
        words = list(self.link)
        words[words.index("-o") + 1] = str(self.binary)
        first_library = next(i for i, word in enumerate(words) if word.endswith(".a"))
        own = [word for word in words if word.endswith(".o")]
        replaced = {word for word in own for unit in units if word.endswith(f".dir/{unit}.o")}
        words[first_library:first_library] = [str(self._object_of(unit)) for unit in units]
        return _trouble([word for word in words if word not in replaced], self.base)

    def apply(self, sabotage) -> str:
        """Returns what went wrong, or nothing. revert() is due in either case."""
        self.originals = {}
        for path in map(Path, sabotage.files):
            copy = self.tree / path
            if not copy.is_file():
                return f"does not apply: there is no {path}"
            self.originals[copy] = copy.read_bytes()
        done = subprocess.run(["patch", "-p1", "--forward", "--no-backup-if-mismatch",
                               "--reject-file=-", "-i", sabotage.path.resolve()], cwd=self.tree,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        return "" if done.returncode == 0 else f"does not apply: {done.stdout.strip()}"

    def revert(self) -> None:
        for path, content in self.originals.items():
            path.write_bytes(content)
        self.originals = {}


def _trouble(command: list, where: Path) -> str:
    done = subprocess.run(command, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = done.stdout.splitlines()
    errors = [line for line in lines if "error" in line.lower() or "undefined" in line]
    return "does not build: " + "\n".join(errors[:5] or lines[-5:])
