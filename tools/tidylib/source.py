"""C++ source as text: blanking comments and strings, finding functions and their parameters.

A heuristic reader, enough for code formatted by clang-format. It knows braces, parentheses and
statement ends; templates only as far as counting commas needs.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"//[^\n]*"
    r"|/\*.*?\*/"
    r'|R"(?P<tag>[^()\s\\"]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'",
    re.S,
)


def _blank(text: str) -> str:
    return "".join(c if c == "\n" else " " for c in text)


def blank_comments_and_strings(text: str) -> str:
    """The same text, line for line and column for column, with only the code left."""

    def replace(match: re.Match) -> str:
        token = match.group(0)
        if token.startswith(("//", "/*")):
            return _blank(token)
        return token[0] + _blank(token[1:-1]) + token[-1]

    return _TOKEN.sub(replace, text)


def blank_preprocessor(code: str) -> str:
    """Without preprocessor lines and their continuations."""
    return re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: _blank(m.group(0)), code)


@dataclass
class Function:
    line: int  # where its head starts, from 1
    lines: int  # from there to its closing brace; 0 for a declaration
    parameters: int
    body: tuple  # offsets of its braces; empty for a declaration


_NOT_A_SIGNATURE = re.compile(
    r"^\s*(?:using|typedef|static_assert|return|extern\s+template|case|goto|concept)\b"
)
_SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum)\b")
_OPERATOR = re.compile(r"\boperator\s*(?:\(\s*\)|\[\s*\]|[^\s\w(]+|\w+)")


def _strip_attributes(head: str) -> str:
    """Blanks what has parentheses of its own before the parameter list, and operator names."""
    head = re.sub(r"\[\[.*?\]\]", lambda m: _blank(m.group(0)), head, flags=re.S)
    head = _OPERATOR.sub(lambda m: "operator" + " " * (len(m.group(0)) - 8), head)
    head = re.sub(r"\b(?:public|private|protected)\s*:(?!:)", lambda m: _blank(m.group(0)), head)
    words = r"\b(?:explicit|alignas|decltype|noexcept|requires|__attribute__)\s*\("
    while found := re.search(words, head):
        end = _matching(head, found.end() - 1)
        head = head[: found.start()] + _blank(head[found.start() : end]) + head[end:]
    return head


def _matching(text: str, at: int) -> int:
    """The offset after the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i + 1
    return len(text)


def _template_end(head: str) -> int:
    """Where the head goes on after its template<...> lists."""
    at = 0
    while found := re.compile(r"\s*template\s*<").match(head, at):
        depth, i = 1, found.end()
        while i < len(head) and depth:
            depth += {"<": 1, ">": -1}.get(head[i], 0)
            i += 1
        at = i
    return at


def count_parameters(text: str) -> int:
    """How many there are between the parentheses of a parameter list."""
    if text.strip() in ("", "void"):
        return 0
    depth, count = 0, 1
    for i, c in enumerate(text):
        if c in "([{" or c == "<":
            depth += 1
        elif c in ")]}" or (c == ">" and text[i - 1] != "-"):
            depth -= 1
        elif c == "," and depth == 0:
            count += 1
    return count


def _signature(head: str):
    """The parameter count if the head is that of a function, else None."""
    head = _strip_attributes(head)
    head = head[_template_end(head) :]
    opening = head.find("(")
    if opening < 0 or _NOT_A_SIGNATURE.match(head):
        return None
    before = head[:opening]
    if "=" in before and not re.search(r"\]\s*$", before):
        return None
    if not re.search(r"[\w>\]~]\s*$", before):
        return None
    return count_parameters(head[opening + 1 : _matching(head, opening) - 1])


def _kind_of(head: str) -> str:
    plain = _strip_attributes(head)
    plain = plain[_template_end(plain) :]
    if re.match(r'\s*extern\s*"', plain):
        return "scope"
    found = _SCOPE.search(plain)
    if found and "(" not in plain[: found.start()] and "=" not in plain[: found.start()]:
        if "(" not in plain[found.end() :] or found.group(0) in ("class", "struct"):
            if _signature(plain) is None or re.match(r"\s*(?:class|struct|enum|union)\b", plain):
                if not re.search(r"\w\s*\(", plain[found.end() :]):
                    return "enum" if found.group(0) == "enum" else "scope"
    return "function" if _signature(head) is not None else "other"


def functions(code: str) -> list:
    """All functions of blanked code: definitions, and declarations at namespace or class level."""
    code = blank_preprocessor(code)
    found, stack, start, i = [], [], 0, 0
    parens = 0
    while i < len(code):
        c = code[i]
        open_scope = not stack or stack[-1][0] == "scope"
        if c == "(":
            parens += 1
        elif c == ")":
            parens -= 1
        elif c == "{":
            kind = _kind_of(code[start:i]) if open_scope and parens == 0 else "other"
            stack.append((kind, start, i, parens))
            parens = 0
            if kind == "scope":
                start = i + 1
        elif c == "}" and stack:
            kind, begin, opened, parens = stack.pop()
            follows = code[i + 1 :].lstrip()[:1]
            if kind == "function" and follows in (",", "{"):
                pass  # a braced member initializer: the body is still to come
            elif kind == "function":
                found.append(_definition(code, begin, opened, i))
                start = i + 1
            elif kind == "scope" or (not stack or stack[-1][0] == "scope") and follows not in ",;{":
                start = i + 1
        elif c == ";" and open_scope and parens == 0:
            declared = _signature(code[start:i])
            if declared is not None:
                found.append(Function(_line_of_head(code, start), 0, declared, ()))
            start = i + 1
        i += 1
    return found


def _line_of_head(code: str, start: int) -> int:
    label = re.compile(r"\s*(?:(?:public|private|protected)\s*:)?\s*").match(code, start)
    return code.count("\n", 0, label.end()) + 1


def _definition(code: str, begin: int, opened: int, closed: int) -> Function:
    line = _line_of_head(code, begin)
    lines = code.count("\n", 0, closed) + 1 - line + 1
    return Function(line, lines, _signature(code[begin:opened]) or 0, (opened, closed))
