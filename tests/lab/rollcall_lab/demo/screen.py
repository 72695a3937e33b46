"""What the visitor sees: headings, sentences, steps with their time. Colour and lines that change only on a terminal."""

import contextlib
import os
import shutil
import sys
import threading
import time

TERMINAL = sys.stdout.isatty()
COLOUR = TERMINAL and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "1;34"}


def width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, 110)


def paint(style: str, text: str) -> str:
    return f"\033[{STYLES[style]}m{text}\033[0m" if COLOUR else text


def line(text: str = "") -> None:
    print(text, flush=True)


def heading(text: str) -> None:
    line()
    line(paint("blue", text))


def wrapped(text: str, room: int | None = None) -> list:
    """The text in lines that fit."""
    room = room or width() - 6
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def say(text: str) -> None:
    """A paragraph."""
    for part in wrapped(text, width() - 2):
        line("  " + part)


def command(words: str) -> None:
    line("  " + paint("bold", f"$ {words}"))


def output(text: str) -> None:
    """What a command printed, set apart; long lines are folded."""
    for whole in text.rstrip("\n").split("\n"):
        for shown in _folded(whole, width() - 4):
            line(("  " + paint("dim", "│") + " " + shown).rstrip())


def _folded(text: str, room: int) -> list:
    lines = []
    while len(text) > room:
        at = max(text.rfind(" ", room // 2, room + 1), 0) or room
        lines.append(text[:at].rstrip())
        text = "      " + text[at:].lstrip()
    return [*lines, text]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[:room - 1] + "…"


def took(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


def happened(text: str, seconds: float | None = None) -> None:
    """Something that was waited for, and how long after its cause it was there."""
    after = "" if seconds is None else paint("bold", f"{took(seconds):>8}") + "  "
    indent = 4 if seconds is None else 14
    for number, part in enumerate(wrapped(text, width() - indent - 2)):
        line(("  " + paint("green", "✓") + " " + after if number == 0 else " " * indent) + part)


class Step:
    """One thing that takes a while: says so at once on a terminal, and how long it took at its end."""

    def __init__(self, words: str):
        self._words = words
        self._began = time.monotonic()
        self._note = ""
        self._told = 0
        self._ended = threading.Event()
        self._ticker = None

    def note(self, text: str, part: float | None = None) -> None:
        """How far it is; without a terminal, `part` (0 to 1) decides what is worth a line: each quarter."""
        self._note = text
        if TERMINAL or part is None or int(part * 4) <= self._told:
            return
        self._told = int(part * 4)
        line(f"    {self._words}: {text}")

    def _draw(self) -> None:
        while not self._ended.wait(0.2):
            elapsed = took(time.monotonic() - self._began)
            text = _cut(f"{self._words} … {elapsed}  {self._note}", width() - 4)
            print(f"\r\033[K  {paint('yellow', '·')} {text}", end="", flush=True)

    def __enter__(self):
        if TERMINAL:
            self._ticker = threading.Thread(target=self._draw, daemon=True)
            self._ticker.start()
        return self

    def __exit__(self, kind, *_):
        self._ended.set()
        if self._ticker:
            self._ticker.join()
            print("\r\033[K", end="", flush=True)
        elapsed = took(time.monotonic() - self._began)
        if kind is None:
            line(f"  {paint('green', '✓')} {self._words} ({elapsed})")
        else:
            line(f"  {paint('red', '✗')} {self._words} ({elapsed})")


@contextlib.contextmanager
def step(words: str):
    with Step(words) as made:
        yield made


def fault(text: str) -> None:
    """On stderr, after what was on its way to stdout."""
    sys.stdout.flush()
    print(f"\n{paint('red', 'demo:')} {text}", file=sys.stderr, flush=True)
