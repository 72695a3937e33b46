"""The collector gets every entry of the trail, in order, whatever breaks: it, the network, or the daemon."""

import json
import pathlib
import re
import signal
import subprocess
import sys

from harness import REPOSITORY, Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
spaces:
  {p}-company: {name: Example Corp, members: employees}
rooms:
  {p}-hall: {name: Hall, space: {p}-company, members: employees, owners: {user: {p}-amy}}
  {p}-crew: {name: Crew, space: {p}-company, members: {group: "{p} Crew"}, owners: {user: {p}-amy}}
"""
STAFF = ["amy", "ben", "cas", "dan"]
HEADER = re.compile(r"<10[89]>1 \S+ corp\.example\.com rollcall - (\S+) - \ufeff(\{.*\})")


class Siem:
    """A collector over TLS in a process of its own, on one port however often it comes and goes."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.port = 0
        self.process = None

    def start(self, *options: str) -> None:
        program = REPOSITORY / "tests" / "bridges" / "syslog" / "collector.py"
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([sys.executable, "-B", program, self.folder, "--port", str(self.port), *options],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process.stdout.close()
        self.process = None

    def entries(self) -> list:
        """Entries as they came, doubles too."""
        return [entry for entry in self.messages() if entry["kind"] != "checkpoint"]

    def messages(self) -> list:
        found = []
        for line in (self.folder / "received").read_text().splitlines():
            message = HEADER.fullmatch(json.loads(line))
            assert message, line
            entry = json.loads(message[2])
            assert entry["kind"] == message[1], line
            found.append(entry)
        return found


class Collected(Scenario):
    site = Site("co")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        (site.folder / "siem").mkdir()
        cls.siem = Siem(site.folder / "siem")
        cls.siem.start()
        text = site.config.read_text()
        assert "  key_file: secrets/audit-key\n" in text
        site.config.write_text(text.replace(
            "  key_file: secrets/audit-key\n",
            f'  key_file: secrets/audit-key\n  checkpoint_every: 1s\n  collector: {{syslog: "tls://127.0.0.1:{cls.siem.port}", '
            "ca_file: siem/ca.pem, names: true}\n"
            f'  anchors: {{siem: {{syslog: "tls://127.0.0.1:{cls.siem.port}", ca_file: siem/ca.pem}}}}\n'))
        site.fill(STAFF, {"Staff": STAFF, "Crew": ["amy", "ben"]})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.siem.kill()

    def setUp(self):
        if self.siem.process is None:
            self.siem.start()
        if self.site.process is None or self.site.process.poll() is not None:
            self.site.start()

    def swap(self) -> None:
        """Somebody more or less is in a room: intents and results."""
        crew = self.site.joined("crew")
        other = crew - {"cas"} if "cas" in crew else crew | {"cas"}
        self.site.members("Crew", sorted(other))
        until(lambda: self.site.joined("crew") == other, "the crew is as the directory has it", 20)
        self.site.settle()

    def assert_has_everything(self) -> None:
        """The collector has what the trail has, all of it, and nothing came before what precedes it."""
        until(lambda: self.site.status()["collector"]["waiting"] == 0, "everything is sent", 45)
        trail = {entry["index"]: entry for entry in self.site.trail()}
        got: dict = {}

        def everything():
            got.clear()
            for entry in self.siem.entries():
                self.assertLessEqual(entry["index"], len(got) + 1, "an entry came before those that precede it")
                got[entry["index"]] = entry
            return set(trail) <= set(got)
        until(everything, f"all {len(trail)} entries at the collector", 20)
        self.assertEqual({index: got[index] for index in trail}, trail)

    def trouble(self) -> str:
        return self.site.status()["collector"]["trouble"]

    def test_every_entry_arrives_as_it_stands_in_the_trail(self):
        self.swap()
        self.assert_has_everything()
        said = self.site.status()["collector"]
        self.assertEqual((said["to"], said["trouble"]), (f"tls://127.0.0.1:{self.siem.port}", ""))

    def test_every_signed_head_arrives_and_can_be_checked_with(self):
        self.swap()
        signed = until(lambda: (trail := self.site.status()["trail"])["signed"] == trail["entries"] and trail["signed"],
                       "every entry is signed", 20)
        head = until(lambda: next((message for message in self.siem.messages() if message.get("entries") == signed), None),
                     f"the head of {signed} entries at the collector", 20)
        kept = self.site.folder / "kept"
        kept.write_text(head["checkpoint"])
        verified = self.site.cli("audit", "verify", "--from", str(kept), json_out=True)
        self.assertEqual((verified.returncode, verified.json["faults"], verified.json["checkpoints_met"]), (0, [], 1))
        self.assertEqual(verified.json["anchors_unreadable"], ["siem"])
        self.assertIn("siem cannot be read back", self.site.cli("audit", "verify").stdout)
        self.assertRegex(self.site.cli("status").stdout, r"anchored in siem\s+up\s+to\s+\d+\s+\(not\s+read\s+back\)")

    def test_nothing_is_lost_while_the_collector_is_away(self):
        self.siem.kill()
        self.swap()
        until(self.trouble, "the daemon says that nobody takes entries", 20)
        said = self.site.cli("status").stdout
        self.assertRegex(said, r"The collector gets no entries since")
        self.site.stop()
        self.site.start()
        self.swap()
        self.siem.start()
        self.assert_has_everything()
        self.assertEqual(self.trouble(), "")

    def test_a_collector_that_dies_again_and_again_loses_nothing(self):
        for _ in range(3):
            self.swap()
            self.siem.kill()
            self.siem.start()
        self.assert_has_everything()

    def test_a_collector_that_resets_connections_loses_nothing(self):
        self.siem.kill()
        self.siem.start("--reset-after", "3")
        self.swap()
        until(self.trouble, "the daemon says that the connection breaks", 20)
        self.siem.kill()
        self.siem.start()
        self.assert_has_everything()

    def test_kill_9_at_any_moment_loses_nothing(self):
        for _ in range(4):
            self.swap()
            self.site.kill()
            self.site.start()
        self.assert_has_everything()

    def test_a_wrong_authority_gets_nothing_and_is_named(self):
        self.assert_has_everything()
        self.site.stop()
        self.siem.kill()         # so that nothing is under way in it
        self.siem.start()
        right = self.site.config.read_text()
        self.site.config.write_text(right.replace("siem/ca.pem", "siem/other-ca.pem"))
        before = len(self.siem.entries())
        try:
            self.site.start()
            self.assertIn("is not trusted", until(self.trouble, "the daemon refuses the certificate", 20))
            self.assertEqual(len(self.siem.entries()), before)
            self.site.stop()
        finally:
            self.site.config.write_text(right)
        self.site.start()
        self.assert_has_everything()


FAILPOINTS = ("before_collector", "sent_to_collector", "before_cursor", "cursor_written")


def _kill_9_at(point: str):
    def test(self):
        self.assert_has_everything()
        self.site.stop()
        self.site.start(wait=False, failpoint=point)      # a start writes an entry
        if "cursor" in point:      # it moves when the collector has read everything and closes in order
            self.siem.kill()
            self.siem.start("--close-after", "1")
        self.site.dies(point)
        self.siem.kill()
        self.siem.start()
        self.site.start()
        self.swap()
        self.assert_has_everything()
    return test


for _point in FAILPOINTS:
    setattr(Collected, f"test_kill_9_at_{_point}", _kill_9_at(_point))
