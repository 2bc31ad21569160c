"""Who may include whom. The drawing is in docs/house.md; this is the table that fails.

An include is a room ("core/entry.hpp" is room core; "rafted/ids.hpp" is the public room), a
standard header (<vector>), a system header (<sys/stat.h>) or a library.
"""

import re
from pathlib import PurePosixPath

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

ROOMS = {"core", "value", "ports", "host", "disk", "net", "client", "node", "sim", "history",
         "explore", "api", "fleet"}
VALUE_LIKE = {f"rafted/{name}.hpp" for name in ("ids", "bytes", "result", "config", "status")}
C_LIBRARY = {"assert.h", "errno.h", "limits.h", "math.h", "stdint.h", "stdio.h", "stdlib.h",
             "string.h", "time.h", "signal.h"}
CORE_FORBIDDEN = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "atomic",
                  "fstream", "filesystem", "random", "iostream", "ostream", "istream", "sstream"}

# room -> (other rooms, libraries by first words of the header, may it include system headers?)
TABLE = {
    "core": (set(), (), False),
    "public": ({"public"}, (), False),
    "value": ({"public", "core"}, (), False),
    "ports": ({"public", "core"}, (), False),
    "api": ({"public", "core"}, (), False),
    "disk": ({"public", "core", "ports"}, ("zstd.h", "xxhash.h"), True),
    "net": ({"public", "core", "ports"}, ("boost/asio", "boost/system", "openssl/"), True),
    "host": ({"public", "core", "value", "ports"}, (), False),
    "client": ({"public", "ports"}, (), False),
    "node": ({"public", "core", "value", "ports", "host", "disk", "net", "client"}, (), True),
    "sim": ({"public", "core", "value", "ports", "host", "disk", "client", "history"},
            ("nlohmann/json",), False),
    "history": ({"public"}, ("nlohmann/json",), False),
    "explore": ({"public", "core"}, (), False),
    "fleet": ({"public"}, (), False),
}
# Exceptions, each for one file: the headers it may include besides.
BESIDES = {
    "src/core/checksum.cpp": ("xxhash.h",),
    "include/rafted/codec.hpp": ("boost/pfr",),
    "include/rafted/sim_gtest.hpp": ("gtest/gtest.h",),
    "src/client/": ("value/envelope.hpp",),
    "apps/rafted/entry_words.cpp": ("value/envelope.hpp",),
}
APPS = {"public", "disk", "core", "history", "sim", "explore"}


def room_of_file(path: str):
    parts = PurePosixPath(path).parts
    if path.startswith("include/rafted/"):
        return "public"
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return parts[0]


def room_of_header(header: str):
    first = header.split("/")[0]
    if first == "rafted" and "/" in header:
        return "public"
    return first if first in ROOMS and "/" in header else None


def _besides(path: str):
    return tuple(h for key, headers in BESIDES.items() if path.startswith(key) for h in headers)


def refusal(path: str, header: str, quoted: bool):
    """Why this file may not include this header; None if it may."""
    room, other = room_of_file(path), room_of_header(header)
    if header.startswith(_besides(path)) if _besides(path) else False:
        return None
    if room == "apps":
        return f"apps/ may not look into {other}/" if other and other not in APPS else None
    if room == "examples":
        return "an example shows only the public headers" if other not in ("public", None) else None
    if room not in TABLE:
        return None
    rooms, libraries, system = TABLE[room]
    if room == "core" and header in CORE_FORBIDDEN:
        return f"core/ is pure: no <{header}>"
    if room == "core" and other == "public":
        return None if header in VALUE_LIKE else "core/ sees only the value-like public headers"
    if other is not None:
        return None if other == room or other in rooms else f"{room}/ may not include {other}/"
    if quoted:
        return "name the room: \"room/file.hpp\""
    if header.startswith(libraries) if libraries else False:
        return None
    if "/" not in header and "." not in header:
        return None
    if header in C_LIBRARY:
        return None if system else "use the C++ header, as <cstring>"
    is_system = header.endswith(".h") and not header.startswith(("boost/", "zstd", "xxhash"))
    if is_system and system and not header.startswith("openssl/"):
        return None
    return f"{room}/ may not include <{header}>"


def check(path: str, text: str, finding):
    for found in INCLUDE.finditer(text):
        reason = refusal(path, found.group(2), found.group(1) == '"')
        if reason:
            line = text.count("\n", 0, found.start(2)) + 1
            yield finding("fence", path, line, 1, f'includes {found.group(2)}: {reason}')
