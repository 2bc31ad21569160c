"""A browser without a screen, driven through chromedriver by the W3C WebDriver protocol.

Standard library only. It knows the few commands that the tests of the page need.
  1. What is started is ended, with all its processes, however the test ends.
  2. An answer that is an error is an exception with the driver's own message.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"right": "\ue014", "left": "\ue012", "space": "\ue00d", "escape": "\ue00c",
        "enter": "\ue007"}
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--force-device-scale-factor=1"]


class BrowserError(Exception):
    pass


def program(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    raise BrowserError(f"there is no {' or '.join(names)}; Debian: chromium, chromium-driver")


class Browser:
    """`with Browser(1440, 900) as browser:`, one window of that size."""

    def __init__(self, width: int, height: int, dark: bool = False):
        self.size, self.dark, self.session = (width, height), dark, None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="rafted_web_")
        self.log = open(Path(self.folder) / "driver.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [program("chromedriver"), "--port=0"], stdout=self.log, stderr=subprocess.STDOUT,
            start_new_session=True)
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            if self.session:
                self._call("DELETE", self.session)
        except (BrowserError, OSError):
            pass  # It is ended below, whatever it says.
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        self.base = f"http://127.0.0.1:{self._port()}"
        flags = FLAGS + [f"--user-data-dir={self.folder}/profile",
                         f"--window-size={self.size[0]},{self.size[1]}"]
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": program("chromium", "chromium-browser",
                                                     "google-chrome"), "args": flags},
            "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = f"/session/{answer['sessionId']}"
        self.devtools("Emulation.setDeviceMetricsOverride", width=self.size[0],
                      height=self.size[1], deviceScaleFactor=1, mobile=False)
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}])

    def _port(self) -> int:
        """The port that the driver chose, from its own words."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            words = Path(self.log.name).read_text(encoding="utf-8")
            if " on port " in words and "started successfully" in words:
                return int(words.split("started successfully on port ")[1].split(".")[0])
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise BrowserError(f"chromedriver did not start: {words}")

    def _call(self, method: str, path: str, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(json.load(error)["value"]["message"]) from error

    def _do(self, method: str, path: str, body=None):
        return self._call(method, self.session + path, body)

    def devtools(self, command: str, **parameters):
        return self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address: str):
        self._do("POST", "/url", {"url": address})

    def run(self, script: str, *arguments):
        """The value of a script's `return`."""
        return self._do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector: str) -> str:
        found = self._do("POST", "/element", {"using": "css selector", "value": selector})
        return found[ELEMENT]

    def click(self, selector: str):
        self._do("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector: str, text: str):
        self._do("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def text(self, selector: str) -> str:
        return self._do("GET", f"/element/{self.find(selector)}/text")

    def shows(self, selector: str) -> bool:
        return self._do("GET", f"/element/{self.find(selector)}/displayed")

    def accessible_name(self, selector: str) -> str:
        return self._do("GET", f"/element/{self.find(selector)}/computedlabel")

    def key(self, name: str):
        """One key, pressed wherever the focus is."""
        value = KEYS.get(name, name)
        self._do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [
            {"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]}]})

    def pointer(self, *moves):
        """Moves of the mouse in the window: ("move", x, y), ("down",), ("up",)."""
        actions = []
        for what, *place in moves:
            if what == "move":
                actions.append({"type": "pointerMove", "duration": 50, "origin": "viewport",
                                "x": round(place[0]), "y": round(place[1])})
            else:
                actions.append({"type": f"pointer{what.capitalize()}", "button": 0})
        self._do("POST", "/actions", {"actions": [
            {"type": "pointer", "id": "mouse", "actions": actions}]})

    def wheel(self, x: float, y: float, turn: int):
        self._do("POST", "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", "x": round(x), "y": round(y), "deltaX": 0, "deltaY": turn,
             "duration": 0, "origin": "viewport"}]}]})

    def console(self) -> list:
        """What the page has logged since it was last asked: {"level", "message"}."""
        return self._do("POST", "/se/log", {"type": "browser"})

    def screenshot(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._do("GET", "/screenshot")))
