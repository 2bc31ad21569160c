"""The checker, checked: a table of small sources with the findings they must (or must not) have."""

from . import ratchet, rules, source

HEAD = "// What it is.\n#pragma once\n"


def body(lines: int) -> str:
    return "".join("    step();\n" for _ in range(lines))


# name, path, text, expected rules in order
CASES = [
    ("clean header", "src/core/a.hpp", HEAD + "#include <vector>\nint f(int a);\n", []),
    ("500 lines", "src/core/a.cpp", "\n" * 500, []),
    ("501 lines", "src/core/a.cpp", "\n" * 501, ["file"]),
    ("100 columns", "src/core/a.cpp", "int " + "a" * 95 + ";\n", []),
    ("101 columns", "src/core/a.cpp", "int " + "a" * 96 + ";\n", ["line"]),
    ("columns, not bytes", "src/core/a.cpp", "// " + "§" * 97 + "\n", []),
    ("tab", "src/core/a.cpp", "\tint a;\n", ["line"]),
    ("space at the end", "src/core/a.cpp", "int a; \n", ["line"]),
    ("no opening comment", "src/core/a.hpp", "#pragma once\n", ["opening"]),
    ("12 lines of opening", "src/core/a.hpp", "// x\n" * 12 + "#pragma once\n", []),
    ("13 lines of opening", "src/core/a.hpp", "// x\n" * 13 + "#pragma once\n", ["opening"]),
    ("function of 60", "src/disk/a.cpp", "void f() {\n" + body(58) + "}\n", []),
    ("function of 61", "src/disk/a.cpp", "void f() {\n" + body(59) + "}\n", ["function"]),
    ("method of 61", "src/disk/a.cpp",
     "class A {\npublic:\n    int f() const {\n" + body(59) + "    }\n};\n", ["function"]),
    ("constructor with braces of 61", "src/disk/a.cpp",
     "A::A(int x) : a_{x}, b_{1} {\n" + body(59) + "}\n", ["function"]),
    ("test of 61", "tests/unit/a.cpp", "TEST(A, b) {\n" + body(59) + "}\n", ["function"]),
    ("operator of 61", "src/disk/a.cpp",
     "bool A::operator==(const A& o) const {\n" + body(59) + "}\n", ["function"]),
    ("lambda of 61 at namespace level", "src/disk/a.cpp",
     "const auto f = [](int x) {\n" + body(59) + "};\n", ["function"]),
    ("table of 100 is no function", "src/disk/a.cpp",
     "const Row rows[] = {\n" + "    {f(1), 2},\n" * 98 + "};\n", []),
    ("two short functions", "src/disk/a.cpp",
     ("void f() {\n" + body(40) + "}\n") * 2, []),
    ("class of 100 is no function", "src/disk/a.cpp",
     "class A final : public B {\n" + "    void f(int a);\n" * 98 + "};\n", []),
    ("braces in strings", "src/disk/a.cpp",
     'void f() { g("{{{", \'{\'); }  // {\nvoid h() {\n' + body(50) + "}\n", []),
    ("4 parameters", "src/disk/a.cpp", "int f(int a, std::map<int, int> b, C c, D d) { }\n", []),
    ("5 parameters", "src/disk/a.cpp", "int f(int a, int b, int c, int d, int e) { }\n",
     ["parameters"]),
    ("5 parameters, declared", "src/disk/a.hpp",
     HEAD + "class A {\n    void f(int a, int b, int c, int d, int e) const;\n};\n",
     ["parameters"]),
    ("5 parameters of a constructor", "src/disk/a.cpp",
     "A::A(int a, int b, int c, int d, int e) : a_(a) {}\n", ["parameters"]),
    ("initializers are no parameters", "src/disk/a.cpp",
     "A::A(int a) : a_(a, 1, 2, 3, 4), b_{1, 2, 3, 4, 5} {}\n", []),
    ("function type inside", "src/disk/a.cpp",
     "void f(std::function<void(int, int, int, int, int)> g) {}\n", []),
    ("a call is no declaration", "src/disk/a.cpp", "void f() { g(1, 2, 3, 4, 5, 6); }\n", []),
    ("core includes core", "src/core/a.cpp", '#include "core/log.hpp"\n', []),
    ("core includes ids", "src/core/a.cpp", '#include "rafted/ids.hpp"\n', []),
    ("core includes machine", "src/core/a.cpp", '#include "rafted/machine.hpp"\n', ["fence"]),
    ("core includes host", "src/core/a.cpp", '#include "host/host.hpp"\n', ["fence"]),
    ("core includes thread", "src/core/a.cpp", "#include <thread>\n", ["fence"]),
    ("core includes xxhash", "src/core/log.cpp", "#include <xxhash.h>\n", ["fence"]),
    ("checksum includes xxhash", "src/core/checksum.cpp", "#include <xxhash.h>\n", []),
    ("core includes fcntl", "src/core/a.cpp", "#include <fcntl.h>\n", ["fence"]),
    ("include without a room", "src/host/a.cpp", '#include "host.hpp"\n', ["fence"]),
    ("public includes src", "include/rafted/a.hpp", HEAD + '#include "core/log.hpp"\n', ["fence"]),
    ("public includes asio", "include/rafted/a.hpp", HEAD + "#include <boost/asio.hpp>\n",
     ["fence"]),
    ("codec includes pfr", "include/rafted/codec.hpp", HEAD + "#include <boost/pfr.hpp>\n", []),
    ("machine includes pfr", "include/rafted/a.hpp", HEAD + "#include <boost/pfr.hpp>\n",
     ["fence"]),
    ("net includes asio", "src/net/a.cpp", "#include <boost/asio/io_context.hpp>\n", []),
    ("net includes disk", "src/net/a.cpp", '#include "disk/journal.hpp"\n', ["fence"]),
    ("disk includes zstd", "src/disk/a.cpp", "#include <zstd.h>\n#include <sys/stat.h>\n", []),
    ("host includes disk", "src/host/a.cpp", '#include "disk/journal.hpp"\n', ["fence"]),
    ("host includes zstd", "src/host/a.cpp", "#include <zstd.h>\n", ["fence"]),
    ("client includes envelope", "src/client/a.cpp", '#include "value/envelope.hpp"\n', []),
    ("client includes applier", "src/client/a.cpp", '#include "value/applier.hpp"\n', ["fence"]),
    ("node includes net", "src/node/a.cpp", '#include "net/server.hpp"\n', []),
    ("app includes host", "apps/rafted/a.cpp", '#include "host/host.hpp"\n', ["fence"]),
    ("app includes disk and its own", "apps/rafted/a.cpp",
     '#include "disk/inspect.hpp"\n#include "demo.hpp"\n#include <CLI/CLI.hpp>\n', []),
    ("example includes core", "examples/a.cpp", '#include "core/log.hpp"\n', ["fence"]),
    ("test includes all", "tests/unit/a.cpp", '#include "core/log.hpp"\n#include <thread>\n', []),
    ("core asks the clock", "src/core/a.cpp", "auto t = steady_clock::now();\n", ["pure"]),
    ("core prints", "src/core/a.cpp", "void f() { std::cout << 1; }\n", ["pure"]),
    ("core speaks of now() in a comment", "src/core/a.cpp", "// not ::now()\n", []),
    ("host throws", "src/host/a.cpp", "void f() { throw 1; }\n", ["exceptions"]),
    ("core has a time of its own", "src/core/a.cpp", "LogTime time() const { return t; }\n", []),
    ("core asks the C clock", "src/core/a.cpp", "auto t = std::time(nullptr);\n", ["pure"]),
    ("host catches", "src/host/a.cpp", "void f() { try { } catch (...) { } }\n", []),
    ("core catches", "src/core/a.cpp", "void f() { try { } catch (...) { } }\n",
     ["exceptions", "exceptions"]),
    ("mark of unfinished work", "src/core/a.cpp", "// TO" "DO: later\n", ["unfinished"]),
    ("mark in a document", "docs/a.md", "FIX" "ME\n", ["unfinished"]),
    ("friend", "src/core/a.cpp", "class A { friend class B; };\n", ["friend"]),
    ("exit", "apps/rafted/a.cpp", "void f() { std::exit(1); }\n", ["exit"]),
    ("_exit after fork, app.exit, atexit", "apps/rafted/a.cpp",
     "void f() { _exit(1); app.exit(e); at_exit(1); }\n", []),
    ("static state", "src/host/a.cpp", "int f() { static int n = 0; return ++n; }\n", ["state"]),
    ("static constant", "src/host/a.cpp", "int f() { static constexpr int n = 0; }\n", []),
    ("test sleeps", "tests/unit/a.cpp", "void f() { std::this_thread::sleep_for(1s); }\n",
     ["sleep"]),
    ("live test sleeps", "tests/live/a.cpp", "void f() { std::this_thread::sleep_for(1s); }\n", []),
    ("test skips", "tests/live/a.cpp", "TEST(A, b) { GTEST_SKIP(); }\n", ["skip"]),
    ("test disabled", "tests/live/a.cpp", "TEST(A, DISABLED_b) { }\n", ["skip"]),
]

RATCHET = [  # name, allowed, findings as (rule, figure), number of complaints
    ("nothing allowed", {}, [("file", 510)], 1),
    ("allowed", {("file", "a"): 510}, [("file", 510)], 0),
    ("grown", {("file", "a"): 510}, [("file", 511)], 1),
    ("shrunk, figure must follow", {("file", "a"): 510}, [("file", 505)], 1),
    ("mended, line must go", {("file", "a"): 510}, [], 1),
    ("two of two", {("friend", "a"): 2}, [("friend", 1), ("friend", 1)], 0),
    ("three of two", {("friend", "a"): 2}, [("friend", 1)] * 3, 3),
]

COUNTS = [("", 0), ("void", 0), ("int a", 1), ("int a, int b = f(1, 2)", 2),
          ("std::map<int, int> a, int (&b)[3]", 2), ("A a = {1, 2}, B b", 2)]


def run() -> int:
    failures = []
    for name, path, text, expected in CASES:
        got = [finding.rule for finding in rules.check_text(path, text)]
        if got != expected:
            failures.append(f"{name}: expected {expected}, got {got}")
    for name, allowed, findings, expected in RATCHET:
        made = [rules.Finding(rule, "a", 1, figure, "") for rule, figure in findings]
        got = ratchet.weigh(allowed, made)
        if len(got) != expected:
            failures.append(f"ratchet, {name}: expected {expected} complaints, got {got}")
    for text, expected in COUNTS:
        if source.count_parameters(text) != expected:
            failures.append(f"count_parameters({text!r}): expected {expected}")
    total = len(CASES) + len(RATCHET) + len(COUNTS)
    for failure in failures:
        print("FAILED:", failure)
    print(f"tidy: self-test, {total - len(failures)} of {total} passed")
    return 1 if failures else 0
