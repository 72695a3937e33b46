"""Benchmarks against a lab of their own: what Rollcall takes, beside what the same homeserver takes when the same requests
are sent straight at it with the same parallelism. Ratios are what counts; the absolute times are this machine's.

The floor is sent by the plainest client there is: one thread a slot, keep-alive connections, nothing decided in between.
"""

import argparse
import concurrent.futures
import http.client
import http.server
import json
import os
import pathlib
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("ROLLCALL_LAB", "/var/tmp/rollcall-lab-bench")
os.environ.setdefault("ROLLCALL_LAB_NET", "127.0.8")
sys.path.insert(0, str(ROOT / "tests" / "lab"))

from rollcall_lab import ad, matrix, settings  # noqa: E402

SLOTS = 8
METRICS = "127.0.0.1:9180"


def poll(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.005)
    raise TimeoutError(f"waited {seconds} s for: {what}")


class Straight:
    """Requests sent straight at the homeserver with an appservice token, a connection a thread."""

    def __init__(self, token):
        self.token = token
        self.local = threading.local()

    def call(self, method, path, body=None, user=None):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(settings.CORP.client_address, settings.CORP.client_port)
        if user:
            path += ("&" if "?" in path else "?") + "user_id=" + urllib.parse.quote(user)
        data = None if body is None else json.dumps(body)
        self.local.connection.request(method, path, data, {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        response = self.local.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:200]!r}")
        return json.loads(text)

    def room(self, **options):
        return self.call("POST", "/_matrix/client/v3/createRoom", {"preset": "private_chat", **options}, self.bot)["room_id"]

    def member(self, room, user, membership, as_user=None):
        path = f"/_matrix/client/v3/rooms/{urllib.parse.quote(room)}/state/m.room.member/{urllib.parse.quote(user)}"
        return self.call("PUT", path, {"membership": membership}, as_user or self.bot)

    def kick(self, room, user):
        return self.call("POST", f"/_matrix/client/v3/rooms/{urllib.parse.quote(room)}/kick", {"user_id": user}, self.bot)


def at_once(tasks):
    """Runs the tasks with SLOTS of them in flight; returns the seconds it took."""
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
    return time.monotonic() - start


class BareLoop:
    """An appservice that answers each transaction in which an outsider joins with the kick, and knows nothing else."""

    def __init__(self, straight, hs_token):
        loop = self
        self.joined = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for event in body["events"]:
                    if event["type"] == "m.room.member" and event["content"]["membership"] == "join" and event["state_key"].endswith(settings.PARTNER.name):
                        straight.kick(event["room_id"], event["state_key"])
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        del loop
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 9182), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def registration(folder, name, url, users, exclusive):
    tokens = secrets.token_hex(16), secrets.token_hex(16)
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({"id": name, "url": url, "as_token": tokens[0], "hs_token": tokens[1], "sender_localpart": f"_{name}_sender",
                                "rate_limited": False, "namespaces": {"users": [{"exclusive": exclusive, "regex": users}], "aliases": [], "rooms": []}}))
    return path, tokens[0]


def lab(*words):
    subprocess.run([str(ROOT / "tests/lab/lab"), *words], check=True, stdout=subprocess.DEVNULL)


class Bench:
    def __init__(self, binary, people, rooms):
        self.binary = str(pathlib.Path(binary).resolve())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-bench-"))
        self.people, self.rooms, self.daemon = people, rooms, None
        self.report = []

    def say(self, text):
        print(text, flush=True)
        self.report.append(text)

    def rollcall(self, *words, check=True):
        result = subprocess.run([self.binary, "-c", str(self.folder / "rollcall.yaml"), *words], capture_output=True, text=True)
        if check and result.returncode not in (0, 3, 4):
            raise RuntimeError(f"rollcall {' '.join(words)}: {result.stdout}{result.stderr}")
        return result

    def metric(self, name):
        try:
            page = urllib.request.urlopen(f"http://{METRICS}/metrics").read().decode()
        except OSError:
            return None
        for line in page.splitlines():
            if line.startswith(f"rollcall_{name} "):
                return float(line.split()[1])
        return None

    def quiet(self, seconds=300):
        poll("nothing left to do", lambda: self.metric("backlog_actions") == 0 and self.metric("in_flight") == 0, seconds)

    def start(self):
        self.daemon = subprocess.Popen([self.binary, "-c", str(self.folder / "rollcall.yaml"), "run"], stderr=open(self.folder / "log", "a"))
        poll("the daemon's metrics", lambda: self.metric("directory_up") == 1)

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()

    def memory(self, key="VmRSS"):
        for line in pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.daemon.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # ------------------------------------------------------------ preparation

    def prepare(self):
        lab("up", "--fresh", "--people", str(max(self.people + 20, 60)), "--quiet")
        self.directory = ad.Directory()
        self.rollcall("init", "--folder", str(self.folder), "--server-name", settings.CORP.name, "--homeserver-url", settings.CORP.url,
                      "--listen", "127.0.0.1:9181", "--appservice-url", "http://127.0.0.1:9181", "--bot", "rollcall", "--directory-name", "corp",
                      "--directory-url", settings.LDAPS_URL, "--base", settings.BASE_DN, "--bind-user", settings.BIND_DN,
                      "--bind-password-file", str(settings.SECRETS / "bind-password"), "--ca-file", str(settings.CA),
                      "--state", str(self.folder / "state"), "--socket", str(self.folder / "control.sock"), "--time-zone", "UTC", "--exclude", "breakglass",
                      "--force")
        config = self.folder / "rollcall.yaml"
        text = "\n".join(line for line in config.read_text().splitlines() if not line.startswith("metrics:"))
        config.write_text(text + f"\nmetrics: {METRICS}\n")
        bench, token = registration(self.folder, "bench", "http://127.0.0.1:9182", "^@bench:.*$", True)
        mask, mask_token = registration(self.folder, "bench-mask", None, "^@(?!bench:|rollcall:).*$", False)
        lab("register", "--replace", str(self.folder / "registrations/rollcall.yaml"), str(self.folder / "registrations/rollcall-mask.yaml"), str(bench), str(mask))
        self.straight, self.masked = Straight(token), Straight(mask_token)
        self.straight.bot = self.masked.bot = f"@bench:{settings.CORP.name}"
        self.straight.call("POST", "/_matrix/client/v3/register", {"type": "m.login.application_service", "username": "bench", "inhibit_login": True})
        self.bare = BareLoop(self.straight, token)
        self.staff = self.make_staff()

    def make_staff(self):
        """A group of people of whom every one has an account on the homeserver."""
        members = sorted(self.directory.people_of("All Staff"))
        logins = [m.lower() for m in members if matrix.Client.breakglass().account(f"@{m.lower()}:{settings.CORP.name}")]
        chosen = [m for m in members if m.lower() in set(logins)][: self.people]
        self.directory.create_group("Bench Staff", members=chosen)
        return [m.lower() for m in chosen]

    def policy(self, rooms):
        lines = ["people:", f"  matrix_id: \"@{{sAMAccountName|lower}}:{settings.CORP.name}\"", "  employees: {group: Bench Staff}", "rooms:"]
        lines += [f"  bench-{i}: {{name: Bench {i}, members: employees}}" for i in range(rooms)]
        lines += ["  bench-open: {name: Bench open, members: employees, outsiders: approved, who_invites: everyone}"]
        lines += ["  bench-group: {name: Bench group, members: {group: Bench Group}}"]
        lines += ["guards:", "  rooms: {created: 1000, released: 1000, within: 1h}"]
        for file in (self.folder / "policy").glob("*.yaml"):
            file.unlink()
        (self.folder / "policy" / "bench.yaml").write_text("\n".join(lines) + "\n")

    # ------------------------------------------------------------ figures

    def first_fill(self):
        self.directory.create_group("Bench Group", members=self.staff[:2])
        self.policy(10)
        self.start()
        first = time.monotonic()
        self.rollcall("plan")
        self.say(f"first plan of {len(self.staff)} people x 10 rooms, asked of the running daemon: {1000 * (time.monotonic() - first):.0f} ms")
        before = self.metric("requests_total")
        start = time.monotonic()
        self.rollcall("apply", "--yes", "--reason", "benchmark")
        self.quiet(900)
        took = time.monotonic() - start
        requests = self.metric("requests_total") - before
        memberships = len(self.staff) * 11 + 2
        sample = self.staff[: max(10, len(self.staff) // 5)]
        rooms = [self.straight.room(name=f"floor {i}") for i in range(10)]

        def invite_and_join(room, user):
            self.straight.member(room, user, "invite")
            self.masked.member(room, user, "join", as_user=user)

        tasks = [lambda r=r, u=f"@{login}:{settings.CORP.name}": invite_and_join(r, u) for login in sample for r in rooms]
        floor = at_once(tasks) / len(tasks)
        mine = took / memberships
        self.say(f"first fill: {memberships} memberships in 12 rooms: {requests:.0f} requests, {took:.1f} s; {1000 * mine:.1f} ms a membership "
                 f"against {1000 * floor:.1f} ms for invite + join sent straight ({len(tasks)} of them): ratio {mine / floor:.2f} (must be <= 0.5)")
        self.say(f"resident memory: {self.memory():.0f} MiB now, {self.memory('VmHWM'):.0f} MiB at its peak")

    def idle(self):
        requests, cpu = self.metric("requests_total"), self.cpu()
        time.sleep(10)  # nothing is waited for: ten seconds in which nothing happens are what is measured
        self.say(f"idle for 10 s: {self.metric('requests_total') - requests:.0f} requests to the homeserver (must be 0), {1000 * (self.cpu() - cpu):.0f} ms of CPU")
        self.stop()
        start = time.monotonic()
        self.start()
        self.quiet()
        ready = time.monotonic() - start
        self.say(f"cold start: {self.metric('requests_total'):.0f} requests for 12 rooms (must be <= 24), {ready:.2f} s until all of it was verified")

    def room_id(self, key):
        return matrix.Client.breakglass().resolve(f"#{key}:{settings.CORP.name}")

    def outsiders(self, times=15):
        partner = matrix.Client.login("bob", settings.PARTNER)
        inviter = matrix.Client.login(self.staff[0])
        managed = self.room_id("bench-open")
        # Both rooms admit without an invitation while this is measured, so that what is timed begins with the join.
        mine, floor = [], []
        for i in range(times):
            room = self.straight.room(name=f"bare {i}", preset="public_chat")
            floor.append(self.join_to_kick(partner, room, lambda: self.reader(room)))
        del inviter
        for i in range(times):
            mine.append(self.daemon_kick(partner, managed))
        ratio = statistics.median(mine) / statistics.median(floor)
        self.say(f"outsider's join -> kicked, by the homeserver's own timestamps: median {statistics.median(mine):.0f} ms against {statistics.median(floor):.0f} ms "
                 f"for a bare loop ({times} each): ratio {ratio:.2f} (must be <= 1.5)")

    def reader(self, room):
        path = f"/_matrix/client/v3/rooms/{urllib.parse.quote(room)}/messages?dir=b&limit=30"
        return self.straight.call("GET", path, None, self.straight.bot)["chunk"]

    def join_to_kick(self, partner, room, events):
        partner.join(room, via=settings.CORP)

        def kicked():
            members = [e for e in events() if e["type"] == "m.room.member" and e["state_key"] == partner.user_id]
            return members if members and members[0]["content"]["membership"] == "leave" else None

        found = poll("the kick", kicked)
        join = next(e for e in found if e["content"]["membership"] == "join")
        return found[0]["origin_server_ts"] - join["origin_server_ts"]

    def daemon_kick(self, partner, room):
        """The daemon takes an invitation back faster than it can be used, so the join is made possible by hand: an owner-like
        admin opens the join rule for a moment. The daemon repairs that too, in a later lane."""
        config = self.folder / "registrations" / "rollcall.yaml"
        token = next(line.split("'")[1] for line in config.read_text().splitlines() if line.startswith("as_token"))
        bot = Straight(token)
        user = f"@rollcall:{settings.CORP.name}"
        path = f"/_matrix/client/v3/rooms/{urllib.parse.quote(room)}"
        bot.call("PUT", f"{path}/state/m.room.server_acl", {"allow": ["*"], "deny": [], "allow_ip_literals": True, "n": secrets.token_hex(4)}, user)
        bot.call("PUT", f"{path}/state/m.room.join_rules", {"join_rule": "public", "n": secrets.token_hex(4)}, user)
        return self.join_to_kick(partner, room, lambda: bot.call("GET", f"{path}/messages?dir=b&limit=30", None, user)["chunk"])

    def leaver(self):
        self.policy(self.rooms - 3)
        self.rollcall("apply", "--yes", "--reason", "benchmark")
        self.quiet(1800)
        people = self.staff[2:5]
        took, sessions = [], []
        for login in people:
            user = matrix.Client.login(login)
            rooms = user.joined_rooms()
            admin = matrix.Client.breakglass()
            start = time.monotonic()
            self.directory.disable(login)
            poll("the sessions' end", lambda: not user.signed_in())
            sessions.append(time.monotonic() - start)
            poll("the last room left", lambda: not admin.call("GET", f"/_synapse/admin/v1/users/{user.user_id}/joined_rooms")["joined_rooms"], 120)
            took.append((time.monotonic() - start) / len(rooms))
            self.quiet()
        rooms = [self.straight.room(name=f"kick floor {i}") for i in range(self.rooms)]
        floors = []
        for login in self.staff[5:8]:
            user = f"@{login}:{settings.CORP.name}"

            def bring_in(room):
                self.straight.member(room, user, "invite")
                self.masked.member(room, user, "join", as_user=user)

            at_once([lambda r=r: bring_in(r) for r in rooms])
            floors.append(at_once([lambda r=r: self.straight.kick(r, user) for r in rooms]) / len(rooms))
        mine, floor = statistics.median(took), statistics.median(floors)
        self.say(f"AD disable -> sessions ended: median {1000 * statistics.median(sessions):.0f} ms (must be < 1000)")
        self.say(f"AD disable -> out of {self.rooms} rooms: {1000 * mine:.1f} ms a room against {1000 * floor:.1f} ms for kicks sent straight, {SLOTS} in flight: "
                 f"ratio {mine / floor:.2f} (must be <= 1.2)")

    def group(self):
        room, took = self.room_id("bench-group"), []
        admin = matrix.Client.breakglass()
        login = self.staff[1]
        inside = lambda: f"@{login}:{settings.CORP.name}" in admin.call("GET", f"/_synapse/admin/v1/rooms/{urllib.parse.quote(room)}/members")["members"]
        for _ in range(5):
            poll("the member", inside)
            start = time.monotonic()
            self.directory.remove_from_group(login, "Bench Group")
            poll("the removal", lambda: not inside())
            took.append(time.monotonic() - start)
            self.directory.add_to_group(login, "Bench Group")
        self.say(f"AD group removal -> out of its room: median {1000 * statistics.median(took):.0f} ms, worst {1000 * max(took):.0f} ms (must be <= 1000)")

    def run(self):
        self.prepare()
        try:
            self.first_fill()
            self.idle()
            self.outsiders()
            self.group()
            self.leaver()
        finally:
            if self.daemon and self.daemon.poll() is None:
                self.stop()
            lab("down")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--rooms", type=int, default=50)
    words = parser.parse_args()
    Bench(words.binary, words.people, words.rooms).run()


if __name__ == "__main__":
    main()
