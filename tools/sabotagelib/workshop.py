"""The copy of the tree in which patches are applied and built. The tree itself is never touched.

  1. copy() makes the copy equal to the tree, whatever an interrupted run has left; files that are
     equal keep their times, so that little is built again.
  2. Between apply() and revert() exactly one patch is in.
"""

import shutil
import subprocess
from pathlib import Path

COPIED = ("CMakeLists.txt", "cmake", "include", "src", "apps")
OPTIONS = ("-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG",
           "-DRAFTED_TESTS=OFF", "-DRAFTED_EXAMPLES=OFF", "-DRAFTED_BENCH=OFF",
           "-DRAFTED_INSTALL=OFF", "-DRAFTED_APPS=ON")


class Workshop:
    def __init__(self, root: Path, home: Path, jobs: int):
        self.root, self.jobs = root, jobs
        self.home, self.tree, self.build_dir = home, home / "tree", home / "build"
        self.binary = self.build_dir / "bin" / "rafted"
        self.originals = {}

    def copy(self) -> None:
        wanted = set()
        for name in COPIED:
            start = self.root / name
            found = [start] if start.is_file() else sorted(start.rglob("*"))
            wanted |= {path.relative_to(self.root) for path in found if path.is_file()}
        for path in wanted:
            content, copy = (self.root / path).read_bytes(), self.tree / path
            if not copy.is_file() or copy.read_bytes() != content:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content)
        for path in sorted(self.tree.rglob("*")):
            if path.is_file() and path.relative_to(self.tree) not in wanted:
                path.unlink()

    def build(self) -> str:
        """Returns what went wrong, or nothing."""
        configure = ["cmake", "-S", self.tree, "-B", self.build_dir, "-G", "Ninja",
                     "--log-level=WARNING", *OPTIONS]
        build = ["cmake", "--build", self.build_dir, "--target", "rafted_app",
                 "--parallel", str(self.jobs)]
        for command in (configure, build):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False)
            if done.returncode:
                lines = done.stdout.splitlines()
                errors = [line for line in lines if "error" in line.lower()]
                return "does not build: " + "\n".join(errors[:5] or lines[-5:])
        return ""

    def keep_binary(self, name: str) -> Path:
        kept = self.home / name
        shutil.copy2(self.binary, kept)
        return kept

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
        # With a new time: an object made of the patched file must be made again.
        for path, content in self.originals.items():
            path.write_bytes(content)
        self.originals = {}
