"""Starts the lab's servers as daemons and ends exactly these: a pid file each, checked before any signal."""

import os
import pathlib
import signal
import socket
import subprocess
import time

from . import settings


class LabError(Exception):
    """Something of the lab did not work; the text says what, in words for whoever runs it."""


def wait_until(condition, what: str, seconds: float, every: float = 0.05, unless=None):
    """Calls `condition` until it gives something true, and returns that.

    Raises LabError, which says what was waited for, when the time is over or when `unless` gives a
    reason to stop waiting.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        reason = unless() if unless else None
        if reason:
            raise LabError(f"{what}: {reason}")
        if time.monotonic() >= deadline:
            raise LabError(f"{what}: not within {seconds:g} s")
        time.sleep(every)


def _began(pid: int) -> str | None:
    """When a process started, in ticks since the machine did; None when it is gone or a zombie."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


class Daemon:
    """One server process. Its pid file holds the process id and when that process began: together they name
    one process for ever, whatever it calls itself (Samba overwrites its command line)."""

    def __init__(self, name: str, command: list, environment: dict | None = None):
        self.name = name
        self.command = [str(word) for word in command]
        self.environment = environment or {}
        self.pid_file = settings.PIDS / f"{name}.pid"
        self.output = settings.LOGS / f"{name}.out"

    def pid(self) -> int | None:
        """Its process, or None when it is not running."""
        try:
            pid, began = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if _began(int(pid)) == began else None

    def start(self) -> bool:
        """Starts it unless it runs; whether it had to. It is no child of this process."""
        if self.pid():
            return False
        for folder in (settings.PIDS, settings.LOGS):
            folder.mkdir(parents=True, exist_ok=True)
        shell = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
        started = subprocess.run(
            ["/bin/sh", "-c", shell, "sh", str(self.output), *self.command],
            stdout=subprocess.PIPE, text=True, check=True, start_new_session=True, cwd="/",
            env={**os.environ, **self.environment})
        pid = int(started.stdout)
        self.pid_file.write_text(f"{pid} {_began(pid)}\n")
        return True

    def why_not_running(self) -> str | None:
        """None while it runs, otherwise the end of what it said."""
        if self.pid():
            return None
        lines = self.output.read_text(errors="replace").splitlines()[-12:] if self.output.exists() else []
        return f"{self.name} ended; the end of {self.output}:\n  " + "\n  ".join(lines)

    def stop(self, seconds: float = 15) -> bool:
        """Asks it to end and waits; kills it when it does not. Whether it was running."""
        pid = self.pid()
        if not pid:
            self.pid_file.unlink(missing_ok=True)
            return False
        os.kill(pid, signal.SIGTERM)
        try:
            wait_until(lambda: not self.pid(), f"end of {self.name}", seconds, every=0.02)
        except LabError:
            self.kill()
        self.pid_file.unlink(missing_ok=True)
        return True

    def kill(self) -> bool:
        """Ends it at once, as a crash would (kill -9). Whether it was running."""
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not self.pid(), f"end of {self.name}", 5, every=0.01)
        self.pid_file.unlink(missing_ok=True)
        return bool(pid)


def accepts(address: str, port: int) -> bool:
    """Whether a TCP connection to this address is taken."""
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def run(command: list, what: str, **options) -> str:
    """Runs a command to its end and returns its output; LabError with all that it said if it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise LabError(f"{what} failed ({done.returncode}):\n{done.stdout.strip()[-3000:]}")
    return done.stdout
