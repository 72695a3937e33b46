"""The daemon that is measured: its lab, its files, its process, and what it says of itself."""

import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request

from rollcall_lab import ad, matrix, settings
from rollcall_lab.settings import CORP

from floor import Straight, bare_loop, registration

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = f"{settings.NET}.1"
METRICS, LISTEN, BARE = f"{ADDRESS}:9180", f"{ADDRESS}:9181", 9182


def poll(what: str, condition, seconds: float = 60, every: float = 0.005):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(every)
    raise TimeoutError(f"waited {seconds} s for: {what}")


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lab(*words: str) -> None:
    subprocess.run([str(ROOT / "tests/lab/lab"), *words], check=True, stdout=subprocess.DEVNULL)


class Site:
    def __init__(self, binary: str, people: int):
        self.binary = str(pathlib.Path(binary).resolve())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-bench-"))
        self.config = self.folder / "rollcall.yaml"
        self.process: subprocess.Popen | None = None
        lab("up", "--fresh", "--people", str(people + 30), "--quiet")
        self.directory = ad.Directory()
        self._init()
        self._register()
        self.staff = self._make_staff(people)

    def _init(self) -> None:
        self.rollcall("init", "--folder", str(self.folder), "--server-name", CORP.name, "--homeserver-url", CORP.url,
                      "--listen", LISTEN, "--bot", "rollcall", "--directory-name", "corp",
                      "--directory-url", settings.LDAPS_URL, "--base", settings.BASE_DN,
                      "--bind-user", settings.BIND_DN, "--bind-password-file", str(settings.SECRETS / "bind-password"),
                      "--ca-file", str(settings.CA), "--state", str(self.folder / "state"),
                      "--socket", str(self.folder / "control.sock"), "--time-zone", "UTC",
                      "--exclude", settings.BREAKGLASS)
        text = re.sub(r"group: rollcall\b", "group: root", self.config.read_text())
        self.config.write_text(text + f"metrics: {METRICS}\n")

    def _register(self) -> None:
        own = self.folder / "registrations"
        bench, token = registration(self.folder, "bench", f"http://{ADDRESS}:{BARE}", "^@bench:.*$", True)
        mask, mask_token = registration(self.folder, "bench-mask", None, "^@(?!bench:|rollcall:).*$", False)
        lab("register", "--replace", str(own / "rollcall.yaml"), str(own / "rollcall-mask.yaml"), str(bench), str(mask))
        self.straight = Straight(token, CORP.user_id("bench"))
        self.masked = Straight(mask_token, CORP.user_id("bench"))
        said = re.search(r"(?m)^as_token: '(.*)'$", (own / "rollcall.yaml").read_text())
        self.bot = Straight(said.group(1), CORP.user_id("rollcall"))     # the daemon's own eyes
        self.straight.call("POST", "/_matrix/client/v3/register",
                           {"type": "m.login.application_service", "username": "bench", "inhibit_login": True})
        bare_loop(self.straight, (ADDRESS, BARE))

    def _make_staff(self, people: int) -> list:
        """A group of people of whom every one has an account on the homeserver."""
        admin = matrix.Client.breakglass()
        members = [login for login in sorted(self.directory.people_of("All Staff"))
                   if admin.account(CORP.user_id(login))][:people]
        self.directory.create_group("Bench Staff", members=members)
        return [login.lower() for login in members]

    # --- policy

    def policy(self, rooms: dict) -> None:
        """Rooms: key → group of its members."""
        lines = ["people:", f'  matrix_id: "@{{sAMAccountName|lower}}:{CORP.name}"',
                 "  employees: {group: Bench Staff}", "rooms:"]
        lines += [f"  {key}: {{name: {key}, members: {{group: {group}}}}}" for key, group in rooms.items()]
        lines += ["guards:", "  rooms: {created: 1000, released: 1000, within: 1h}",
                  "  grace: 0s"]      # what is timed is the daemon, not how long it is told to wait
        for file in (self.folder / "policy").glob("*.yaml"):
            file.unlink()
        (self.folder / "policy" / "bench.yaml").write_text("\n".join(lines) + "\n")

    def apply(self) -> None:
        self.rollcall("apply", "--yes", "--reason", "benchmark")

    def room_id(self, key: str) -> str:
        return matrix.Client.breakglass().resolve(f"#{key}:{CORP.name}")

    # --- the process

    def rollcall(self, *words: str) -> str:
        done = subprocess.run([self.binary, "-c", str(self.config), *words], capture_output=True, text=True)
        if done.returncode not in (0, 3, 4):
            raise RuntimeError(f"rollcall {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> None:
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen([self.binary, "-c", str(self.config), "run"], stderr=log)
        poll("the daemon's metrics", lambda: self.metric("directory_up") == 1)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def metric(self, name: str) -> float | None:
        try:
            with urllib.request.urlopen(f"http://{METRICS}/metrics") as page:
                lines = page.read().decode().splitlines()
        except OSError:
            return None
        return next((float(line.split()[1]) for line in lines if line.startswith(f"rollcall_{name} ")), None)

    def quiet(self, seconds: float = 600) -> None:
        """Until nothing is left to do. Asked seldom: each question is a turn of the engine."""
        poll("nothing left to do", lambda: self.metric("backlog_actions") == 0 and self.metric("in_flight") == 0,
             seconds, 0.05)

    def nothing_follows(self) -> None:
        """Until what was done has been looked at, too: nothing was asked for half a minute but whether events would
        arrive."""
        def asked() -> float:
            return self.metric("requests_total") - self.pings()

        count, since = asked(), time.monotonic()
        while time.monotonic() - since < 30:
            time.sleep(1)       # a rate over time is what is asked for
            if (now := asked()) != count:
                count, since = now, time.monotonic()

    @staticmethod
    def pings() -> int:
        """By which the daemon has asked the homeserver for a sign, as that has logged them."""
        text = (settings.LOGS / f"{CORP.key}.log").read_text(errors="replace")
        return len(re.findall(r'"POST /_matrix/client/v1/appservice/[^/ ]+/ping ', text))

    def memory(self, key: str = "VmRSS") -> float:
        """MiB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"(?m)^{key}:\s+(\d+)", text).group(1)) / 1024

    def cpu(self) -> float:
        """Seconds until now."""
        return cpu_seconds(self.process.pid)

    def homeserver_idle(self) -> float:
        """Until the homeserver has nothing left to do in the background, so that neither side of a comparison bears
        what the other has left behind. Seconds that it took."""
        pid, start = int((settings.PIDS / f"{CORP.key}.pid").read_text().split()[0]), time.monotonic()

        def idle() -> bool:
            before = cpu_seconds(pid)
            time.sleep(1)       # a rate over time is what is asked for
            return cpu_seconds(pid) - before < 0.15

        poll("the homeserver to be idle", idle, 600, 0)
        return time.monotonic() - start - 1
