"""Local users: what somebody who may use the control socket, or nothing at all, can learn and hold up."""

import contextlib
import json
import os
import socket
import subprocess
import threading
import urllib.request

from harness import Client, Scenario, Site, program, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}, owners: {user: {p}-amy}}
"""
STAFF = ["amy", "ben", "cas", "dan"]
STRANGER = {"user": 65534, "group": 0, "extra_groups": []}   # nobody; gid 0 is the site's control.group
SLOW = 300


class Callers(Scenario):
    site = Site("ca")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        Site.folder_of_all.chmod(0o711)              # a caller gets as far as the files, as in /etc
        site.folder.chmod(0o750)
        site.fill(STAFF, {"Staff": STAFF, "Crew": STAFF})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def as_stranger(self, *words) -> subprocess.CompletedProcess:
        return subprocess.run([program(), *words, "-c", self.site.config], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, **STRANGER)

    def raw(self, request: dict) -> str:
        """A request as the socket has it, of whoever may use it."""
        code = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.settimeout(30); s.connect(sys.argv[1]);"
                "s.sendall(sys.argv[2].encode()+b'\\n'); d=b''\n"
                "while not d.endswith(b'\\n'): d+=s.recv(1<<20) or b'\\n'\n"
                "sys.stdout.write(d.decode())")
        done = subprocess.run(["/usr/bin/python3", "-c", code, self.site.folder / "control.sock", json.dumps(request)],
                              capture_output=True, text=True, timeout=60, **STRANGER)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    # --- files

    def test_nobody_is_told_what_stands_in_a_file_that_they_cannot_read(self):
        secrets = self.site.folder / "secrets"
        self.assertIn("policy", self.as_stranger("status").stdout, "they may use the socket")
        for name in ("bind-password", "audit-key"):
            text = (secrets / name).read_text().strip()
            parts = {text, text[:20], text[-20:]}
            for said in (self.as_stranger("plan", "--policy", str(secrets / name)),
                         self.as_stranger("plan", "--policy", str(secrets))):
                self.assertNotEqual(said.returncode, 0)
                self.assertFalse([part for part in parts if part in said.stdout + said.stderr], "the secret was told")
            for command in ("plan", "apply", "check", "status"):
                said = self.raw({"command": command, "args": {"policy": str(secrets / name), "plan": "x"}})
                self.assertFalse([part for part in parts if part in said], f"{command} told the secret")

    def test_a_policy_of_ones_own_is_planned_as_before(self):
        own = self.site.folder / "own.yaml"
        own.write_text(POLICY.replace("Crew, ", "Crew of others, ").replace("{p}", self.site.prefix))
        own.chmod(0o644)
        said = self.as_stranger("plan", "--policy", str(own))
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("Crew of others", said.stdout)
        own.write_text("people: [unfinished\n")
        said = self.as_stranger("plan", "--policy", str(own))
        self.assertEqual(said.returncode, 2, said.stderr)
        self.assertIn("own.yaml:", said.stderr)

    def test_a_pipe_in_the_place_of_a_policy_holds_up_no_removal(self):
        site = self.site
        pipe = site.folder / "policy" / "pipe.yaml"
        os.mkfifo(pipe, 0o640)
        try:
            for words in (("plan",), ("status",), ("plan", "--policy", str(pipe))):
                with subprocess.Popen([program(), *words, "-c", site.config], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
                    out, err = asking.communicate(timeout=60)
                self.assertIn("is not a file", out + err, words)
            site.directory.disable(site.dn("dan"))
            site.wait("crew", "dan", "leave")
        finally:
            pipe.unlink()
        site.settle()

    # --- connections

    @contextlib.contextmanager
    def slow_connections(self):
        """Heads that never end, of which each goes on all the time."""
        host, port = self.site.listen.split(":")
        ended, opened = threading.Event(), []

        def drip():
            while not ended.wait(0.5):
                for connection in opened:
                    with contextlib.suppress(OSError):
                        connection.send(b"X: y\r\n")

        for _ in range(SLOW):
            connection = socket.create_connection((host, int(port)))
            connection.setblocking(False)
            with contextlib.suppress(OSError):
                connection.send(b"PUT /_matrix/app/v1/transactions/1 HTTP/1.1\r\nHost: h\r\n")
            opened.append(connection)
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            for connection in opened:
                connection.close()

    def test_slow_connections_of_a_stranger_hold_up_no_transaction(self):
        site = self.site
        site.settle()
        with self.slow_connections():
            for name in range(3):        # as the homeserver does whose connections have ended
                request = urllib.request.Request(f"http://{site.listen}/_matrix/app/v1/transactions/new-{name}",
                                                 b'{"events": []}', method="PUT")
                request.add_header("Authorization", f"Bearer {site.secret('hs_token')}")
                with urllib.request.urlopen(request, timeout=30) as response:
                    self.assertEqual(response.status, 200)
            after = site.trail_end()
            Client.login(site.login("cas")).leave(site.room("crew"))
            until(lambda: [entry for entry in site.trail(after, kind="membership")
                           if entry.get("user") == site.user("cas") and entry.get("source") == "event"],
                  "the homeserver told that somebody left", 10)
            self.assertEqual(site.status()["homeserver"]["health"], "up")

    def test_idle_connections_of_one_user_lock_out_nobody(self):
        site = self.site
        code = ("import socket,sys,time\n"
                "held=[]\n"
                "for _ in range(40):\n"
                "    s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); held.append(s)\n"
                "print('open', flush=True); sys.stdin.read()")
        with subprocess.Popen(["/usr/bin/python3", "-c", code, site.folder / "control.sock"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, **STRANGER) as holding:
            self.assertEqual(holding.stdout.readline(), "open\n")
            self.assertIn("in_force", site.status()["policy"])
            said = self.as_stranger("status")      # nor themselves
            self.assertIn("policy", said.stdout, said.stderr)
            holding.stdin.close()
