"""Rollcall as the demo uses it: built from this tree, configured under the lab's folder, run as the lab's servers are."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from .. import settings
from ..processes import Daemon, LabError, wait_until
from . import screen

TREE = settings.SOURCES.parent.parent
BUILD = TREE / "build"
PROGRAM = BUILD / "daemon" / "rollcall"
FOLDER = settings.LAB / "demo"
CONFIG = FOLDER / "rollcall.yaml"
POLICY = FOLDER / "policy" / "company.yaml"
LISTEN = f"{settings.NET}.1:9009"
NINJA_PROGRESS = re.compile(r"^\[(\d+)/(\d+)\] \S+ \S+ (?:object )?(\S+)")


def daemon() -> Daemon:
    return Daemon("rollcall", [PROGRAM, "-c", CONFIG, "run"])


def build() -> None:
    """Compiles the program; what it compiles now is shown, all of its output is in a file."""
    log = BUILD / "demo-build.log"
    with screen.step("built Rollcall") as step:
        step.note("configuring")
        if not (BUILD / "build.ninja").exists():
            _quiet(["meson", "setup", BUILD, TREE])
        process = subprocess.Popen(["ninja", "-C", str(BUILD), "-j2", "daemon/rollcall"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        with open(log, "w") as kept:
            for line in process.stdout:
                kept.write(line)
                if found := NINJA_PROGRESS.match(line):
                    done, all_of_it = int(found[1]), int(found[2])
                    step.note(f"{done} of {all_of_it} files", done / all_of_it)
        if process.wait() != 0:
            raise LabError(f"the build failed; the end of {log}:\n" + "\n".join(log.read_text().splitlines()[-25:]))


def _quiet(command: list) -> None:
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise LabError(f"{' '.join(map(str, command))} failed:\n{done.stdout[-3000:]}")


def run(*words: str, expect: tuple = (0,), seconds: float = 60) -> str:
    """One command of the program; its output, or LabError with all that it said."""
    command = [str(PROGRAM), "-c", str(CONFIG), *words]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              text=True, timeout=seconds, env={**os.environ, "COLUMNS": str(screen.width() - 4)})
    except subprocess.TimeoutExpired:
        raise LabError(f"`rollcall {' '.join(words)}` did not end within {seconds:g} s") from None
    if done.returncode not in expect:
        raise LabError(f"`rollcall {' '.join(words)}` ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def show(*words: str, **options) -> str:
    """Runs a command and shows it with its output, as the visitor would see it."""
    screen.command("rollcall " + " ".join(f'"{word}"' if " " in word else word for word in words))
    text = run(*words, **options)
    screen.output(text)
    return text


def status() -> dict:
    return json.loads(run("status", "--json", expect=(0, 1, 4)))


def init() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    words = ["init", "--folder", FOLDER, "--server-name", settings.CORP.name, "--homeserver-url", settings.CORP.url,
             "--listen", LISTEN, "--directory-url", f"ldaps://{settings.DC_ADDRESS}", "--base", settings.BASE_DN,
             "--bind-user", settings.BIND_DN, "--bind-password-file", settings.SECRETS / "bind-password",
             "--ca-file", settings.CA, "--employees", "All Staff", "--state", FOLDER / "state",
             "--socket", FOLDER / "control.sock", "--time-zone", _time_zone(), "--exclude", settings.BREAKGLASS]
    done = subprocess.run([str(PROGRAM), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True)
    if done.returncode != 0:
        raise LabError(f"`rollcall init` ended with {done.returncode}:\n{done.stdout}")


def _time_zone() -> str:
    try:
        name = pathlib.Path("/etc/timezone").read_text().strip()
    except OSError:
        return "UTC"
    return name if pathlib.Path("/usr/share/zoneinfo", name).is_file() else "UTC"


def start() -> None:
    """Starts the daemon and waits until it answers."""
    process = daemon()
    process.start()
    socket = FOLDER / "control.sock"

    def answers():
        return socket.exists() and subprocess.run(
            [str(PROGRAM), "-c", str(CONFIG), "status", "--json"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=10).returncode in (0, 1, 4)

    wait_until(answers, "the daemon's first answer", 30, unless=process.why_not_running)
