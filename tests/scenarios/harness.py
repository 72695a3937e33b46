"""What every scenario needs: an installation of its own beside the others, and eyes on both servers.

A Site is one `rollcall init` in a temporary folder with a bot, an OU and a prefix of its own, and the daemon that
runs there. All sites of a run are made first, so that the homeserver is restarted once for their registrations.
Waiting is always for something that can be seen, with a deadline; never for time to pass.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from rollcall_lab import accounts, settings, synapse
from rollcall_lab.ad import Directory
from rollcall_lab.matrix import Client, MatrixError
from rollcall_lab.processes import LabError, wait_until
from rollcall_lab.proxy import HttpProxy, TcpProxy
from rollcall_lab.settings import CORP, PARTNER

__all__ = ["CORP", "PARTNER", "PATIENCE", "Client", "CommandFailed", "HttpProxy", "MatrixError", "Scenario", "Site",
           "TcpProxy", "measured", "settings", "until"]

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
ENABLED_WITHOUT_PASSWORD = 0x200 | 0x20   # so that a new account is never seen disabled
MARKER = "io.rollcall.intent"
# Every time that something may take is what a quiet machine needs at most; one that does other things too has so many times
# that. It costs nothing where what is waited for comes.
PATIENCE = 3
WALL_CLOCK = pathlib.Path(__file__).with_name("wall_clock.c")
# Short, and different in every run: names are never used twice, so nothing has to be cleaned before a run.
RUN = "".join("0123456789abcdefghijklmnopqrstuvwxyz"[int(time.time() // 36 ** place) % 36] for place in (3, 2, 1, 0))

latencies: list = []                     # (what, seconds), printed at the end of a run


def measured(what: str, began: float) -> float:
    """Notes how long something took since `began` (time.monotonic())."""
    seconds = time.monotonic() - began
    latencies.append((what, seconds))
    return seconds


def without_grace(policy: str) -> str:
    """The policy with `guards.grace` 0s unless it says something of it: few stories are about that wait."""
    if "grace:" in policy or "\npeople:" not in policy:
        return policy
    if "\nguards:\n" in policy:
        return policy.replace("\nguards:\n", "\nguards:\n  grace: 0s\n", 1)
    if "\nguards: {" in policy:
        return policy.replace("\nguards: {", "\nguards: {grace: 0s, ", 1)
    return policy + "guards: {grace: 0s}\n"


def until(condition, what: str, seconds: float = 10, every: float = 0.02):
    """Calls `condition` until it gives something true, and returns that; AssertionError with `what` otherwise."""
    try:
        return wait_until(condition, what, seconds * PATIENCE, every)
    except LabError as error:
        raise AssertionError(str(error)) from None


def free_port(address: str = "127.0.0.1") -> int:
    with socket.create_server((address, 0)) as probe:
        return probe.getsockname()[1]


def program() -> pathlib.Path:
    """The program to test: ROLLCALL, or the newest build in this tree."""
    if os.environ.get("ROLLCALL"):
        return pathlib.Path(os.environ["ROLLCALL"]).absolute()
    built = sorted(REPOSITORY.glob("build*/daemon/rollcall"), key=lambda file: file.stat().st_mtime)
    if not built:
        raise LabError("there is no build*/daemon/rollcall: build it first, or say where it is in ROLLCALL")
    return built[-1]


class CommandFailed(AssertionError):
    """A command answered with an error."""

    def __init__(self, answer: dict):
        self.answer = answer
        self.exit = answer.get("exit")
        self.diagnostics = answer.get("diagnostics", [])
        self.message = (answer.get("error") or {}).get("message", "")
        super().__init__(f"{self.message} {self.diagnostics}")


class Site:
    """One installation of Rollcall. `name` is its prefix: two or three letters."""

    all: list = []
    folder_of_all: pathlib.Path | None = None

    def __init__(self, name: str, homeserver_proxy: bool = False, directory_proxy: bool = False,
                 directory_every: str = "15m", mask_known: bool = True, excluded: tuple = ()):
        self.name = name
        self.prefix = f"{name}{RUN}"
        self.homeserver_proxy = homeserver_proxy
        self.directory_proxy = directory_proxy
        self.directory_every = directory_every
        self.mask_known = mask_known                      # does the homeserver know the second registration?
        self.excluded = excluded                          # short names that the mask does not cover
        self.to_homeserver: HttpProxy | None = None       # the daemon's requests
        self.from_homeserver: HttpProxy | None = None     # the homeserver's transactions
        self.to_directory: TcpProxy | None = None
        self.process: subprocess.Popen | None = None
        self.environment: dict = {}                       # of the daemon, beside this program's own
        self.directory = Directory()
        self._rooms: dict = {}
        Site.all.append(self)

    def __str__(self):
        return self.prefix

    # --- making it

    def make(self) -> None:
        """`rollcall init`, in a folder of its own; everything but the homeserver knowing about it."""
        self.folder = Site.folder_of_all / self.name
        self.folder.mkdir(mode=0o750)
        self.config = self.folder / "rollcall.yaml"
        self.listen = f"127.0.0.1:{free_port()}"
        self.metrics = f"127.0.0.1:{free_port()}"
        url, heard_at, ldaps = CORP.url, f"http://{self.listen}", f"ldaps://{settings.DC_ADDRESS}"
        if self.homeserver_proxy:
            self.to_homeserver = HttpProxy(CORP.url)
            self.from_homeserver = HttpProxy(heard_at)
            url, heard_at = self.to_homeserver.url, self.from_homeserver.url
        if self.directory_proxy:     # on the server's own address, which is in its certificate
            self.to_directory = TcpProxy(settings.DC_ADDRESS, 636, address=settings.DC_ADDRESS)
            ldaps = f"ldaps://{settings.DC_ADDRESS}:{self.to_directory.port}"
        shutil.copy(settings.CA, self.folder / "ca.pem")
        self.bot_name = f"bot-{self.prefix}"
        made = self.cli("init", "--server-name", CORP.name, "--homeserver-url", url, "--listen", self.listen,
                        "--appservice-url", heard_at, "--bot", self.bot_name, "--directory-url", ldaps,
                        "--base", settings.BASE_DN, "--bind-user", f"{settings.BIND_LOGIN}@{CORP.name}",
                        "--ca-file", str(self.folder / "ca.pem"), "--employees", f"{self} Staff",
                        "--state", str(self.folder / "state"), "--socket", str(self.folder / "control.sock"),
                        "--time-zone", "Europe/Amsterdam", "--exclude", ",".join([settings.BREAKGLASS, *map(self.login, self.excluded)]))
        if made.returncode != 0:
            raise LabError(f"rollcall init: {made.returncode}\n{made.stdout}{made.stderr}")
        self.password_file = self.folder / "secrets" / "bind-password"
        settings.write_secret(self.password_file, settings.secret("bind-password"))
        text = self.config.read_text()
        text = re.sub(r"group: rollcall\b", "group: root", text)
        text = text.replace("    kind: active_directory\n",
                            f"    kind: active_directory\n    verify_every: {self.directory_every}\n")
        text = text.replace("homeserver:\n", "homeserver:\n  look_for_accounts_every: 2s\n")
        self.config.write_text(text + f"metrics: {self.metrics}\n")
        # Several bots on one homeserver: a company has one, whose registrations are always called the same.
        for file in self.registrations:
            registered = file.read_text()
            registered = re.sub(r"(?m)^id: '(.*)'$", rf"id: '\1-{self}'", registered)
            registered = registered.replace("'_rollcall_", f"'_rollcall_{self}_")
            file.write_text(registered)

    @property
    def registrations(self) -> list:
        return [self.folder / "registrations" / name for name in ("rollcall.yaml", "rollcall-mask.yaml")]

    @property
    def known_registrations(self) -> list:
        return self.registrations if self.mask_known else self.registrations[:1]

    def secret(self, field: str, file: str = "rollcall.yaml") -> str:
        """`as_token` or `hs_token` of a registration."""
        return re.search(rf"(?m)^{field}: '(.*)'$", (self.folder / "registrations" / file).read_text()).group(1)

    @property
    def bot_id(self) -> str:
        return CORP.user_id(self.bot_name)

    @property
    def bot(self) -> Client:
        """The bot's own eyes, past every proxy."""
        return Client(self.secret("as_token"), self.bot_id, masquerade=True)

    def masked(self, login: str) -> Client:
        """Somebody else's eyes, through the second registration: also of those whose sessions were ended."""
        return Client(self.secret("as_token", "rollcall-mask.yaml"), self.user(login), masquerade=True)

    # --- the directory

    def fill(self, people=(), groups: dict | None = None) -> None:
        """The OU of this site with people (short names) and groups (name → members, `=Name` for a group)."""
        self.directory.create_ou(self.prefix)
        for person in people:
            self.person(person)
        for group in groups or {}:
            self.group(group)
        for group, members in (groups or {}).items():
            self.members(group, members)

    def person(self, name: str, groups=(), account: bool = True, **attributes) -> str:
        """A new person with a Matrix account; the login."""
        login = self.login(name)
        if account:
            accounts.make(CORP, login, name.capitalize())
        self.directory.add_person(login, name.capitalize(), "Scenario", f"OU={self.prefix}",
                                  [self.group_dn(group) for group in groups],
                                  **{"userAccountControl": ENABLED_WITHOUT_PASSWORD, **attributes})
        return login

    def login(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def user(self, name: str) -> str:
        """Matrix ID of one of this site's people; other Matrix IDs are themselves."""
        return name if name.startswith("@") else CORP.user_id(self.login(name))

    def dn(self, name: str) -> str:
        return f"CN={self.login(name)},OU={self.prefix},{settings.BASE_DN}"

    def group(self, name: str) -> str:
        return self.directory.create_group(f"{self.prefix} {name}", f"OU={self.prefix}")

    def group_dn(self, name: str) -> str:
        return f"CN={self.prefix} {name},OU={self.prefix},{settings.BASE_DN}"

    def members(self, group: str, names) -> None:
        """Exactly these are in the group, in one change."""
        self.directory.set_members(self.group_dn(group), [
            self.group_dn(name[1:]) if name.startswith("=") else self.dn(name) for name in names])

    def add(self, name: str, group: str) -> None:
        self.directory.add_to_group(self.dn(name), self.group_dn(group))

    def remove(self, name: str, group: str) -> None:
        self.directory.remove_from_group(self.dn(name), self.group_dn(group))

    # --- the policy

    @property
    def policy_file(self) -> pathlib.Path:
        return self.folder / "policy" / "company.yaml"

    def write_policy(self, text: str) -> None:
        """`{p}` stands for the prefix: groups are "{p} Name", rooms {p}-key, people {p}-name."""
        part = self.policy_file.with_suffix(".new")
        part.write_text(without_grace(text).replace("{p}", self.prefix))
        part.chmod(0o640)
        part.rename(self.policy_file)

    def apply(self, text: str | None = None, reason: str = "scenario") -> dict:
        """Puts the policy files in force through the daemon; its answer, whose `plan` is what was shown."""
        if text is not None:
            self.write_policy(text)
        for _ in range(5):
            plan = self.ask("plan")
            try:
                applied = self.ask("apply", plan=plan["hash"], reason=reason)
            except CommandFailed as error:
                if error.exit == 1 and "not the one that was shown" in error.message:
                    continue          # something changed in between
                raise
            return {**applied, "plan": plan}
        raise AssertionError("the plan kept changing while it was to be applied")

    # --- the daemon

    def start(self, wait: bool = True, failpoint: str = "", armed: bool = True) -> None:
        """Starts the daemon; `wait`: until it answers commands; `failpoint`: where it is to die (daemon/failpoint.h), where not
        `armed` once arm() is called: what a start itself does comes there now once, now twice."""
        self.armed.unlink(missing_ok=True)
        point = failpoint if armed else f"{failpoint}@{self.armed}"
        more = {**self.environment, **({"ROLLCALL_FAILPOINT": point} if failpoint else {})}
        self.log = open(self.folder / "log", "a+b")
        self.process = subprocess.Popen([program(), "run", "-c", self.config], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, cwd="/",
                                        env=dict(os.environ, **more))
        if wait:
            until(self._answers, f"an answer of the daemon {self}", 15)

    def set_clock(self, ahead: float) -> None:
        """How many seconds the daemon's wall clock is ahead of the machine's. All its other clocks are right."""
        clock, shim = self.folder / "clock", Site.folder_of_all / "wall_clock.so"
        if not shim.exists():
            subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, WALL_CLOCK], check=True)
        part = clock.with_suffix(".new")
        part.write_text(f"{ahead:.0f}")
        part.rename(clock)
        self.environment = {"LD_PRELOAD": str(shim), "WALL_CLOCK": str(clock)}

    def _answers(self) -> bool:
        ended = self.process.poll()
        if ended is not None:
            raise AssertionError(f"the daemon ended with {ended}:\n{self.log_end()}")
        try:
            self.ask("status")
            return True
        except (OSError, EOFError):
            return False

    def stop(self) -> None:
        """As the service manager ends it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the daemon did not end within {10 * PATIENCE} s:\n{self.log_end()}") from None
            if self.process.returncode != 0:
                raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log_end()}")
        self.process = None

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()
        self.process = None

    @property
    def armed(self) -> pathlib.Path:
        return self.folder / "armed"

    def arm(self) -> None:
        """The failpoint of a start that was not armed."""
        self.armed.touch()

    def dies(self, where: str, seconds: float = 30) -> None:
        """Waits until the daemon has died at its failpoint."""
        try:
            self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the daemon did not come to {where}:\n{self.log_end()}") from None
        if self.process.returncode != -signal.SIGKILL:
            raise AssertionError(f"the daemon ended with {self.process.returncode} before {where}:\n{self.log_end()}")
        self.process = None

    def log_end(self, lines: int = 30) -> str:
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-lines:])

    def ask(self, command: str, **arguments) -> dict:
        """A command over the control socket; its result, or CommandFailed."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self.folder / "control.sock"))
            connection.sendall(json.dumps({"command": command, "args": arguments}).encode() + b"\n")
            said = b""
            while not said.endswith(b"\n"):
                block = connection.recv(1 << 20)
                if not block:
                    raise EOFError(f"no answer to {command}")
                said += block
        answer = json.loads(said)
        if "error" in answer:
            raise CommandFailed(answer)
        return answer["result"]

    def cli(self, *words, json_out: bool = False) -> subprocess.CompletedProcess:
        """The command line; `.json` holds what it printed where `json_out`."""
        command = [program(), *words, "-c", self.config] + (["--json"] if json_out else [])
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        done.json = json.loads(done.stdout) if json_out and done.stdout.strip() else None
        return done

    def status(self) -> dict:
        return self.ask("status")

    def settle(self, seconds: float = 20, left: int = 0) -> dict:
        """Until the daemon has nothing more to do (but for `left` held actions); its status then."""
        def quiet():
            status = self.status()
            backlog, rooms = status["backlog"], status["rooms"]
            done = (backlog["quiet"] and backlog["actions"] == left and backlog["in_flight"] == 0
                    and backlog["notices"] == 0 and rooms["filling"] == 0)
            return status if done else None
        try:
            return until(quiet, f"a quiet daemon {self}", seconds)
        except AssertionError as error:
            status = self.status()
            raise AssertionError(f"{error}: {json.dumps(status)}\n{self.log_end()}") from None

    def why(self, name: str, room: str) -> dict:
        """What the daemon says of somebody in one room."""
        return self.ask("why", user=self.user(name), room=f"{self}-{room}")["rooms"][0]

    # --- the trail

    def trail(self, after: int = 0, **filters) -> list:
        entries: list = []
        while True:
            more = self.ask("audit.list", after=entries[-1]["index"] if entries else after, most=5000,
                            **filters)["entries"]
            entries += more
            if len(more) < 5000:
                return entries

    def trail_end(self) -> int:
        entries = self.trail()
        return entries[-1]["index"] if entries else 0

    def changed(self, after: int) -> list:
        """Membership changes that were announced since: (action, room key, user)."""
        return [(entry["action"], entry.get("room_key", ""), entry.get("user", ""))
                for entry in self.trail(after, kind="intent")
                if entry["action"] in ("invite", "join", "leave", "forget", "sign out")]

    # --- rooms

    def room(self, key: str, seconds: float = 20) -> str:
        """Room ID of a managed room by the end of its key; waits until it has its address."""
        if key not in self._rooms:
            self._rooms[key] = until(lambda: self._at(f"#{self}-{key}:{CORP.name}"), f"the address of {key}", seconds)
        return self._rooms[key]

    def _at(self, alias: str) -> str | None:
        try:
            return self.bot.resolve(alias)
        except MatrixError as error:
            if error.status == 404:
                return None
            raise

    def joined(self, key: str) -> set:
        """Short names, or Matrix IDs of others, of those in a room; without the bot."""
        return self._short(self.bot.joined(self.room(key)))

    def _short(self, users) -> set:
        start = f"@{self.prefix}-"
        return {user.removeprefix(start).partition(":")[0] if user.startswith(start) else user
                for user in users if user != self.bot_id}

    def membership(self, key: str, name: str) -> str | None:
        return self.bot.members(self.room(key)).get(self.user(name))

    def wait(self, key: str, name: str, membership: str | None, seconds: float = 10) -> None:
        room = self.room(key)
        try:
            until(lambda: self.bot.members(room).get(self.user(name)) == membership,
                  f"{name} is {membership} in {key}", seconds)
        except AssertionError as error:
            try:
                said = json.dumps(self.why(name, key))
            except CommandFailed as failed:         # the daemon knows nobody of that name there
                said = str(failed)
            raise AssertionError(f"{error}\n{said}\n{self.log_end(8)}") from None

    def power(self, key: str, name: str) -> int:
        levels = self.bot.state_content(self.room(key), "m.room.power_levels")
        return levels.get("users", {}).get(self.user(name), levels.get("users_default", 0))

    def made_rooms(self) -> dict:
        """Marker → the room IDs that carry it, of all rooms the bot is in: more than one is a doubled action."""
        found: dict = {}
        for room in self.bot.joined_rooms():
            created = self.bot.state_content(room, "m.room.create") or {}
            found.setdefault(created.get(MARKER), []).append(room)
        return found

    def clean(self) -> None:
        """Ends what runs, and takes this site's people out of the directory again."""
        try:
            self.stop()
        finally:
            for proxy in (self.to_homeserver, self.from_homeserver, self.to_directory):
                if proxy:
                    proxy.close()
            self._empty_directory()

    def _empty_directory(self) -> None:
        ou = f"OU={self.prefix},{settings.BASE_DN}"
        found = self.directory.search("(objectClass=*)", ["cn"], base=settings.BASE_DN)
        below = [entry["dn"] for entry in found if entry["dn"].endswith("," + ou) or entry["dn"] == ou]
        for _ in range(2):       # a group that is somebody's primary group goes after them
            for dn in sorted(below, key=len, reverse=True):
                try:
                    self.directory.delete(dn)
                    below.remove(dn)
                except Exception:  # noqa: BLE001 - it is only cleaning up
                    pass
        self.directory.close()


def prepare(sites) -> None:
    """Makes these sites and lets the homeserver know all of them, with one restart."""
    Site.folder_of_all = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-scenarios-"))
    for site in sites:
        site.make()
    synapse.set_registrations(synapse.registrations() + [file for site in sites for file in site.known_registrations])


class Scenario(unittest.TestCase):
    """Scenarios that share one site and its daemon. `site` is the class's own."""

    site: Site

    @classmethod
    def tearDownClass(cls):
        cls.site.clean()

    def assert_prompt(self, took: float, seconds: float) -> None:
        """It came by itself, and not with the next look at everything, which is minutes later."""
        self.assertLess(took, seconds * PATIENCE, "too slow even for a busy machine")

    def assert_removes_nobody(self, after: int) -> None:
        removed = [change for change in self.site.changed(after) if change[0] in ("leave", "sign out", "forget")]
        self.assertEqual(removed, [], "somebody was removed")

    def assert_every_intent_ended(self) -> None:
        """The trail is whole: every intent has exactly one end."""
        announced: dict = {}
        ended: dict = {}
        for entry in self.site.trail():
            if entry.get("intent"):
                into = announced if entry["kind"] == "intent" else ended
                into.setdefault(entry["intent"], []).append(entry)
        lost = [announced[intent] for intent in announced if intent not in ended]
        self.assertEqual(lost, [], "intents without a result")

    def assert_no_room_twice(self) -> None:
        twice = {marker: rooms for marker, rooms in self.site.made_rooms().items() if len(rooms) > 1}
        self.assertEqual(twice, {}, "rooms made twice")
