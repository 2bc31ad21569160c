"""What came of it: a line per sabotage, and the whole as a table, as Markdown or as JSON."""

from dataclasses import dataclass
from pathlib import Path

from .hunt import Verdict
from .patches import Sabotage


@dataclass
class Line:
    sabotage: Sabotage
    verdict: Verdict
    build_seconds: float
    seconds: float

    def found_by(self) -> str:
        verdict = self.verdict
        if verdict.error:
            return "COULD NOT BE TRIED"
        if verdict.built:
            return "applies and builds"
        return verdict.check or "NOT FOUND"

    def text(self) -> str:
        verdict = self.verdict
        detail = verdict.error or verdict.effort
        return (f"{self.sabotage.name}: {self.found_by()}" + (f" ({detail})" if detail else "") +
                f", {self.seconds:.1f} s after {self.build_seconds:.0f} s of building")


@dataclass
class Report:
    lines: list
    control: Verdict
    build_only: bool

    def good_lines(self) -> int:
        return sum(1 for line in self.lines if line.verdict.is_found() or line.verdict.built)

    def is_control_clean(self) -> bool:
        return not self.control.is_found() and not self.control.error

    def is_good(self) -> bool:
        return self.good_lines() == len(self.lines) and self.is_control_clean()

    def summary(self) -> str:
        what = "apply and build" if self.build_only else "found"
        return f"{self.good_lines()} of {len(self.lines)} {what}"

    def control_text(self) -> str:
        verdict = self.control
        if verdict.error:
            return f"could not be run: {verdict.error}"
        if verdict.is_found():
            return f"NOT CLEAN: {verdict.check}: {verdict.text} ({verdict.replay})"
        return f"clean: {verdict.effort}"

    def table(self) -> str:
        rows = [("sabotage", "found by", "after", "seconds")]
        for line in self.lines:
            rows.append((line.sabotage.name, line.found_by(), line.verdict.effort or "-",
                         f"{line.seconds:.1f}"))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        text = ["  ".join([*(row[i].ljust(widths[i]) for i in range(3)), row[3].rjust(7)])
                for row in rows]
        text += [f"{line.sabotage.name}: {line.verdict.error}" for line in self.lines
                 if line.verdict.error]
        if not self.build_only:
            text.append(f"control, the tree as it is: {self.control_text()}")
        return "\n".join([*text, f"sabotage: {self.summary()}"])

    def markdown(self) -> str:
        rows = ["| Sabotage | What it breaks | Known from | Found by | After |",
                "|---|---|---|---|---|"]
        for line in self.lines:
            one = line.sabotage
            cells = (f"`{one.name}`", one.what, one.known, line.found_by(),
                     line.verdict.effort or "-")
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        rows += ["", f"{self.summary()}. Control, the tree as it is: {self.control_text()}."]
        return "\n".join(rows) + "\n"

    def document(self) -> dict:
        sabotages = [{"name": line.sabotage.name, "what": line.sabotage.what,
                      "known": line.sabotage.known, "found": line.verdict.is_found(),
                      "check": line.verdict.check, "text": line.verdict.text,
                      "effort": line.verdict.effort, "replay": line.verdict.replay,
                      "error": line.verdict.error, "seconds": round(line.seconds, 2),
                      "build_seconds": round(line.build_seconds, 2)} for line in self.lines]
        return {"ok": self.is_good(), "sabotages": sabotages,
                "control": {"clean": self.is_control_clean(), "text": self.control_text()}}


BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def write_between_marks(path: Path, text: str) -> None:
    """Into the page between its marks; without a page or marks the text is all there is."""
    page = path.read_text(encoding="utf-8") if path.is_file() else ""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    whole = before + begin + text + end + after if begin and end else text
    path.write_text(whole, encoding="utf-8")


def listing(sabotages: list) -> str:
    width = max(len(one.name) for one in sabotages)
    gap = "\n" + " " * (width + 2)
    return "\n".join(f"{one.name.ljust(width)}  {one.what}{gap}known from: {one.known}"
                     f"{gap}seen by: {one.seen_by}{gap}in: {', '.join(one.files)}"
                     for one in sabotages)
