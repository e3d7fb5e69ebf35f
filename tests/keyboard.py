"""A page in a browser that is driven from outside: keys that a user would press, and what is there.

Chromium's own protocol over a pipe (https://chromedevtools.github.io/devtools-protocol/): events
that a page's script makes do not move sliders, these do.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from pages import browser

#: Keys by name: their codes.
KEYS = {
    "Tab": 9,
    "ArrowRight": 39,
    "ArrowLeft": 37,
    "Home": 36,
    "End": 35,
    "Enter": 13,
    "Escape": 27,
}


class Driven:
    """One page, of a given width; to be used in a ``with`` statement."""

    def __init__(self, page: Path, folder: Path, width: int, height: int = 800) -> None:
        own, far = os.pipe(), os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        flags.append(f"--user-data-dir={folder / 'driven'}")

        def placed() -> None:
            os.dup2(own[0], 3)
            os.dup2(far[1], 4)

        self.process = subprocess.Popen(
            [browser(), *flags, "about:blank"],
            preexec_fn=placed,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(own[0])
        os.close(far[1])
        self._out, self._in = os.fdopen(own[1], "wb"), os.fdopen(far[0], "rb")
        self._count, self._session = 0, ""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=True,
        )
        self.send("Page.navigate", url=page.as_uri())

    def __enter__(self) -> Driven:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._out.close()
        self._in.close()

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a command."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._count:
                assert "result" in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> bytes:
        text = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            assert byte, "the browser has ended"
            text += byte
        return bytes(text)

    def press(self, key: str) -> None:
        """Press a key and release it."""
        for kind in ("rawKeyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=KEYS[key])

    def value(self, script: str) -> Any:
        """What an expression of JavaScript has; of a promise, what it comes to."""
        found = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait for a condition; polls are counted, not seconds."""
        loop = (
            "(async () => { for (let polls = 0; polls < 2000; polls++) {"
            f" if ({condition}) return true; await new Promise((go) => setTimeout(go, 5)); }}"
            " return false; })()"
        )
        assert self.value(loop), condition
