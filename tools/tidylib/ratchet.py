"""The ratchet: tools/tidy.ratchet allows single findings, and their figures may only shrink.

A line is "rule path figure". For size rules the figure is the largest size in that file, for the
others the number of findings. A figure above what is there now is itself a failure.
"""

SIZES = {"file", "function", "opening", "parameters"}
NAME = "tools/tidy.ratchet"


def read(root) -> dict:
    path, allowed = root / NAME, {}
    if not path.exists():
        return allowed
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if len(words) != 3 or not words[2].isdigit():
            raise SystemExit(f"{NAME}:{number}: wanted 'rule path figure', got '{line}'")
        allowed[(words[0], words[1])] = int(words[2])
    return allowed


def figures(findings: list) -> dict:
    now = {}
    for finding in findings:
        key = (finding.rule, finding.path)
        if finding.rule in SIZES:
            now[key] = max(now.get(key, 0), finding.figure)
        else:
            now[key] = now.get(key, 0) + 1
    return now


def weigh(allowed: dict, findings: list) -> list:
    """What remains to be said: findings beyond their allowance, and allowances too large."""
    now = figures(findings)
    over = {key for key, figure in now.items() if figure > allowed.get(key, 0)}
    lines = [f"{f.path}:{f.line}: [{f.rule}] {f.text}" for f in findings
             if (f.rule, f.path) in over]
    for (rule, path), figure in sorted(allowed.items()):
        have = now.get((rule, path), 0)
        if have < figure:
            lines.append(f"{NAME}: {rule} {path} allows {figure}, now it is {have}: "
                         "run tools/tidy --shrink")
    return lines


def shrink(root, allowed: dict, findings: list) -> int:
    now = figures(findings)
    kept = {key: min(figure, now.get(key, 0)) for key, figure in allowed.items()}
    path = root / NAME
    comments = [line for line in path.read_text(encoding="utf-8").splitlines()
                if line.startswith("#")] if path.exists() else []
    lines = comments + [f"{r} {p} {n}" for (r, p), n in sorted(kept.items()) if n]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"tidy: {NAME} holds {sum(1 for n in kept.values() if n)} allowances")
    return 0
