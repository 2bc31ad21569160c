"""The peers' load programs: what they need of Debian's packages, and how they are built."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "bench" / "peers"
BUILT = ROOT / "build" / "peers"

PACKAGES = {
    "etcd": ("etcd-server", "golang-go", "golang-etcd-server-dev"),
    "libraft": ("libraft-dev", "libuv1-dev", "gcc"),
    "redis": ("redis-server", "redis-tools"),
    "ra": ("erlang-base", "erlang-crypto"),
    "reference": ("erlang-base", "erlang-crypto", "elixir"),
    "hashicorp": ("golang-go", "golang-github-hashicorp-raft-dev",
                  "golang-github-hashicorp-raft-boltdb-dev"),
}


class Missing(Exception):
    """A peer cannot be run here, and why."""


def install(systems: list) -> None:
    """Debian's packages of these peers, as root or with sudo."""
    wanted = sorted({p for s in systems for p in PACKAGES.get(s, ()) if not _installed(p)})
    if not wanted:
        return
    if shutil.which("apt-get") is None:
        raise Missing("needs the packages " + " ".join(wanted))
    command = ["apt-get", "install", "-y", "--no-install-recommends", *wanted]
    if os.geteuid() != 0:
        command.insert(0, "sudo")
    done = subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                          stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Missing("could not be installed: " + " ".join(wanted))


def _installed(package: str) -> bool:
    found = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package],
                           capture_output=True, text=True)
    return found.stdout.startswith("ii")


def go_program(name: str) -> str:
    """Built against Debian's Go packages: no module is fetched."""
    program = BUILT / name
    source = SOURCES / name / "main.go"
    if not _is_newer(program, source):
        BUILT.mkdir(parents=True, exist_ok=True)
        _run(["go", "build", "-o", str(program), str(source)], GO111MODULE="off",
             GOPATH="/usr/share/gocode", GOFLAGS="", GOCACHE=str(BUILT / "go-cache"))
    return str(program)


def erlang_modules(names: tuple, behaviours: list) -> str:
    """The folder with the compiled modules, each of which may build on those before it."""
    for name in names:
        source = SOURCES / f"{name}.erl"
        if _is_newer(BUILT / f"{name}.beam", source):
            continue
        BUILT.mkdir(parents=True, exist_ok=True)
        paths = [word for path in (BUILT, *behaviours) for word in ("-pa", str(path))]
        _run(["erlc", *paths, "-o", str(BUILT), str(source)])
    return str(BUILT)


def libraft_program() -> str:
    program = BUILT / "libraft_load"
    source = SOURCES / "libraft.c"
    if not _is_newer(program, source):
        BUILT.mkdir(parents=True, exist_ok=True)
        _run(["gcc", "-O2", "-Wall", "-Wextra", str(source), "-o", str(program), "-lraft", "-luv"])
    return str(program)


def _is_newer(built: Path, source: Path) -> bool:
    return built.exists() and built.stat().st_mtime > source.stat().st_mtime


def _run(command: list, **environment: str) -> None:
    try:
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True,
                              text=True)
    except FileNotFoundError:
        raise Missing(f"needs {command[0]}") from None
    if done.returncode != 0:
        raise Missing(f"does not build: {done.stderr.strip()[-300:]}")
