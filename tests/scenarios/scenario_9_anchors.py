"""The log's heads are kept where this machine cannot change them, and a log that was rolled back is found there."""

import os
import shutil
import subprocess

from harness import Scenario, Site, program, until
from witness import Witness

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-audit: {name: Audit, members: {group: "{p} Audit"}, who_posts: owners}
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}}
"""
KEY = "io.rollcall.checkpoint"


class Anchors(Scenario):
    site = Site("an", homeserver_proxy=True)

    @classmethod
    def setUpClass(cls):
        site, cls.witness = cls.site, Witness()
        text = site.config.read_text()
        keys = "  key_file: secrets/audit-key\n"
        assert keys in text
        site.config.write_text(text.replace(keys, keys + f"""  checkpoint_every: 1s
  anchors:
    worm: {{folder: worm}}
    room: {{room: {site}-audit}}
    witness: {{url: "{cls.witness.url}", key: "{cls.witness.key}"}}
"""))
        (site.folder / "worm").mkdir()
        site.fill(["amy", "ben", "cas"], {"Staff": ["amy", "ben", "cas"], "Audit": ["amy"], "Crew": ["ben"]})
        site.start()
        cls.unknown = until(lambda: cls.trouble("witness"), "the witness's refusal", 20)
        cls.no_room = until(lambda: cls.trouble("room"), "the room's absence", 20)
        status = site.status()
        cls.witness.trust("corp.example.com/rollcall", status["trail"]["key"])
        site.apply(POLICY)
        site.settle(30)

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            cls.witness.close()

    def setUp(self):
        self.site.to_homeserver.well()
        self.site.to_homeserver.accept()
        if self.site.process is None or self.site.process.poll() is not None:
            self.site.start()

    @classmethod
    def anchor(cls, name: str) -> dict:
        return next(anchor for anchor in cls.site.status()["trail"]["anchors"] if anchor["name"] == name)

    @classmethod
    def trouble(cls, name: str) -> str:
        return cls.anchor(name)["trouble"]

    @property
    def folder(self):
        return self.site.folder / "state" / "audit"

    def checkpoint(self) -> str:
        return (self.folder / "checkpoint").read_text()

    def anchored(self) -> int:
        """Waits until every entry is signed and every anchor has that head; its size."""
        def done():
            trail = self.site.status()["trail"]
            if trail["signed"] == trail["entries"] and all(
                    anchor["signed"] == trail["signed"] and not anchor["trouble"] for anchor in trail["anchors"]):
                return trail["signed"]
            return None
        return until(done, "the newest head is in every anchor", 90)

    def swap(self) -> None:
        crew = self.site.joined("crew")
        self.site.members("Crew", sorted(crew - {"cas"} if "cas" in crew else crew | {"cas"}))
        until(lambda: self.site.joined("crew") != crew, "the crew is as the directory has it", 20)
        self.site.settle()

    def kept(self) -> list:
        """What somebody in the room sees: (size, note), oldest first."""
        page = self.site.masked("amy").call("GET", f"/_matrix/client/v3/rooms/{self.site.room('audit')}/messages",
                                            dir="b", limit="1000")
        return [(event["content"][KEY]["size"], event["content"][KEY]["note"]) for event in reversed(page["chunk"])
                if event["type"] == "m.room.message" and KEY in event["content"]]

    def test_until_they_can_take_it_status_says_what_is_lacking(self):
        self.assertIn("does not know this log", self.unknown)
        self.assertIn("is not there yet", self.no_room)
        self.anchored()

    def test_each_head_is_in_the_room_once_and_as_it_was_signed(self):
        self.anchored()
        self.swap()
        size = self.anchored()
        kept = self.kept()
        sizes = [one for one, _ in kept]
        self.assertEqual(sizes, sorted(set(sizes)))
        self.assertGreater(len(kept), 1)
        self.assertEqual(kept[-1], (size, (self.folder / "signed").read_text()))
        body = self.site.masked("amy").call("GET", f"/_matrix/client/v3/rooms/{self.site.room('audit')}/messages",
                                            dir="b", limit="1")["chunk"][0]["content"]
        self.assertEqual((body["msgtype"], body["body"]), ("m.notice", kept[-1][1]))
        found = self.site.cli("audit", "verify", json_out=True)
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)
        self.assertGreaterEqual(found.json["checkpoints_met"], len(kept))

    def test_a_restart_doubles_no_message(self):
        self.anchored()
        self.site.stop()
        before = self.kept()
        self.site.start()
        self.anchored()
        sizes = [size for size, _ in self.kept()]
        self.assertEqual(sizes[:len(before)], [size for size, _ in before])
        self.assertEqual(len(sizes), len(set(sizes)))

    def test_the_witness_has_signed_the_published_head(self):
        self.swap()
        size = self.anchored()
        self.assertEqual(self.witness.size, size)
        until(lambda: self.witness.signed(self.checkpoint()), "the witness's signature is under the head", 10)
        self.assertTrue(self.checkpoint().startswith((self.folder / "signed").read_text()))
        found = self.site.cli("audit", "verify", json_out=True)
        self.assertEqual((found.returncode, found.json["witnesses"]), (0, [self.witness.name]), found.stdout)

    def test_a_homeserver_that_is_away_delays_no_signature_and_gets_the_newest_head_later(self):
        size = self.anchored()
        self.site.to_homeserver.refuse()
        self.site.ask("pause", reason="the homeserver is away")
        self.site.ask("resume")
        until(lambda: self.site.status()["trail"]["signed"] > size, "a newer head is signed", 20)
        until(lambda: self.trouble("room"), "status says that the room gets nothing", 30)
        until(lambda: self.anchor("witness")["signed"] > size, "the witness has it", 20)
        self.site.to_homeserver.accept()
        self.anchored()

    def test_a_folder_that_hangs_keeps_neither_start_nor_other_anchors_nor_an_end(self):
        self.anchored()
        self.site.stop()
        hanging = self.site.folder / "worm" / "checkpoint-99999999999999999999"
        os.mkfifo(hanging)       # whoever opens it to read waits for ever
        try:
            self.site.start()
            self.swap()
            size = until(lambda: self.site.status()["trail"]["signed"], "something is signed", 20)
            for name in ("room", "witness"):
                until(lambda anchor=name: self.anchor(anchor)["signed"] >= size, f"the {name} has the head", 20)
            self.assertEqual(self.anchor("worm")["signed"], 0)
            verified = self.site.cli("audit", "verify")
            self.assertEqual(verified.returncode, 1, verified.stdout)
            self.assertIn("audit.anchors.worm  it has not answered for 30 s", verified.stdout)
            self.assertIn("Nothing was changed, left out or put in", verified.stdout)
            self.site.stop()
        finally:
            hanging.unlink()
        self.site.start()
        self.anchored()

    def test_a_room_that_is_none_of_the_policys_is_refused(self):
        text = self.site.config.read_text()
        self.site.config.write_text(text.replace(f"{{room: {self.site}-audit}}", f"{{room: {self.site}-adit}}"))
        try:
            checked = self.site.cli("check")
        finally:
            self.site.config.write_text(text)
        self.assertEqual(checked.returncode, 2, checked.stdout)
        self.assertIn("which is none of the policy's", checked.stdout + checked.stderr)

    def test_store_and_log_from_one_old_backup_are_found_out_by_the_room(self):
        self.anchored()
        self.site.stop()
        state, old, new = (self.site.folder / name for name in ("state", "state-old", "state-new"))
        shutil.copytree(state, old)
        self.site.start()
        self.swap()
        size = self.anchored()
        self.site.stop()
        state.rename(new)
        old.rename(state)
        for file in (self.site.folder / "worm").iterdir():      # whoever rolls back takes what is in reach
            file.unlink()
        try:
            refused = subprocess.run([program(), "run", "-c", self.site.config], capture_output=True, text=True, timeout=30)
            self.assertEqual(refused.returncode, 1, refused.stderr)
            self.assertIn(f"signed in the room {self.site}-audit", refused.stderr)
            self.assertIn("After a restore", refused.stderr)
            found = self.site.cli("audit", "verify", json_out=True)
            self.assertEqual(found.returncode, 1, found.stdout)
            self.assertTrue(any(fault["place"] == f"the room {self.site}-audit (checkpoint of {size})"
                                and "it was rolled back" in fault["text"] for fault in found.json["faults"]),
                            found.json["faults"])
        finally:
            shutil.rmtree(state)
            new.rename(state)
        self.site.start()
        self.anchored()


class Taken(Scenario):
    """Whoever has the bot's token, or rollcall.yaml, takes heads or anchors away: it is told, and by whom."""
    site = Site("at")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        text, keys = site.config.read_text(), "  key_file: secrets/audit-key\n"
        assert keys in text
        site.config.write_text(text.replace(keys, keys + f"""  checkpoint_every: 1s
  anchors:
    worm: {{folder: worm}}
    room: {{room: {site}-audit}}
"""))
        (site.folder / "worm").mkdir()
        site.fill(["amy"], {"Staff": ["amy"], "Audit": ["amy"], "Crew": []})
        site.start()
        site.apply(POLICY)
        site.settle(30)
        for _ in range(3):
            site.ask("pause", reason="something to sign")
            site.ask("resume")
            cls.anchored()

    @classmethod
    def anchored(cls) -> None:
        def done():
            trail = cls.site.status()["trail"]
            return trail["signed"] == trail["entries"] and all(
                anchor["signed"] == trail["signed"] and not anchor["trouble"] for anchor in trail["anchors"])
        until(done, "the newest head is in every anchor", 60)

    @classmethod
    def restart(cls) -> None:
        cls.site.stop()
        cls.site.start()
        cls.site.settle(30)
        cls.anchored()

    @property
    def expected(self) -> str:
        return str(self.site.folder / "log.expect")

    def verify(self, *words) -> dict:
        done = self.site.cli("audit", "verify", *words, json_out=True)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        self.assertEqual(done.returncode == 0, not done.json["faults"] and not done.json["not_checked"], done.stdout)
        return done.json

    def faults(self, *words) -> list:
        return [(fault["place"], fault["text"]) for fault in self.verify(*words)["faults"]]

    def assert_told(self, place: str, text: str, *words) -> None:
        faults = self.faults(*words)
        self.assertTrue(any(place == at and text in said for at, said in faults), faults)

    # One story: what is taken from a room stays taken.
    def test_what_is_taken_from_an_anchor_is_told_and_by_whom(self):
        site = self.site
        self.restart()
        self.assertEqual(self.faults(), [])
        said = self.verify()["rests_on"]
        self.assertEqual([anchor["kind"] for anchor in said["anchors"]], ["folder", "room"])
        self.assertEqual(said["anchors"][1]["room"], site.room("audit"))
        self.assertGreater(said["anchors"][0]["heads"], 2)
        self.assertGreater(said["anchors"][1]["heads"], 0)

        written = site.cli("audit", "verify", "--write-expect", self.expected)
        self.assertEqual(written.returncode, 0, written.stdout + written.stderr)
        again = site.cli("audit", "verify", "--write-expect", self.expected)
        self.assertEqual(again.returncode, 1)
        self.assertIn("is there already", again.stderr)
        self.assertEqual(self.faults("--expect", self.expected, "--write-expect", self.expected), [])

        # One head of the folder, an old one, while new ones come.
        oldest = sorted((site.folder / "worm").iterdir())[0]
        kept = oldest.read_bytes()
        oldest.unlink()
        site.ask("pause", reason="something to sign")
        site.ask("resume")
        self.anchored()
        for words in ((), ("--expect", self.expected)):
            self.assert_told("audit.anchors.worm", "checkpoints are missing", *words)
        oldest.write_bytes(kept)
        self.assertEqual(self.faults("--expect", self.expected), [])

        # Another folder under the name: before the next start, after it, and for whoever wrote it down.
        text = site.config.read_text()
        (site.folder / "other").mkdir()
        site.config.write_text(text.replace("{folder: worm}", "{folder: other}"))
        self.assert_told("audit.anchors.worm", "now it is folder")
        self.restart()
        self.assertEqual(self.faults(), [])
        self.assertEqual([one["name"] for one in self.verify()["rests_on"]["former_anchors"]], ["worm"])
        self.assert_told("audit.anchors.worm", self.expected, "--expect", self.expected)
        changed = [entry for entry in site.trail() if entry.get("action") == "change basis"]
        self.assertTrue(any(entry["rule_path"] == "audit.anchors.worm" and "danger" in entry for entry in changed), changed)
        site.config.write_text(text.replace("    worm: {folder: worm}\n", ""))
        self.assert_told("audit.anchors.worm", "the configuration has not")
        site.config.write_text(text)
        self.restart()
        self.assertEqual(self.faults("--expect", self.expected), [])

        # The bot's own token, on this machine.
        room = site.room("audit")
        page = site.bot.call("GET", f"/_matrix/client/v3/rooms/{room}/messages", dir="b", limit="100")["chunk"]
        head = [event["event_id"] for event in page if KEY in event["content"]][-1]      # the oldest
        site.bot.call("PUT", f"/_matrix/client/v3/rooms/{room}/redact/{head}/once", {})
        self.assert_told("audit.anchors.room", f"redacted by {site.bot_id}, so that a checkpoint may be gone: {head}")
        self.assert_told("audit.anchors.room", "checkpoints are missing", "--expect", self.expected)
        shown = site.cli("audit", "verify", "--expect", self.expected).stdout
        self.assertIn("checkpoints are missing", " ".join(shown.split()))
