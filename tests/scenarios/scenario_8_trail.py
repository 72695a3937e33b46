"""The evidence trail: what the daemon wrote can be checked by others, every change is named, a fork is refused."""

import contextlib
import datetime
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time

from harness import REPOSITORY, Scenario, Site, program, until

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
FAILPOINTS = ("tiles_written", "tiles_synced", "before_sign", "head_signed", "head_published", "head_published, later")


class Trail(Scenario):
    site = Site("tr")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        text = site.config.read_text()
        assert "  key_file: secrets/audit-key\n" in text
        site.config.write_text(text.replace("  key_file: secrets/audit-key\n",
                                            "  key_file: secrets/audit-key\n  checkpoint_every: 1s\n"
                                            "  anchors: {worm: {folder: worm}}\n"))
        (site.folder / "worm").mkdir()
        site.fill(STAFF, {"Staff": STAFF, "Crew": ["amy", "ben"]})
        site.start()
        site.apply(POLICY)
        site.settle(30)
        site.person("goner", ["Staff", "Crew"])
        site.wait("crew", "goner", "join")
        site.directory.disable(site.dn("goner"))
        site.wait("crew", "goner", "leave")
        site.settle()

    def setUp(self):
        if self.site.process is None or self.site.process.poll() is not None:
            self.site.start()

    @property
    def folder(self) -> pathlib.Path:
        return self.site.folder / "state" / "audit"

    def verify(self, *words):
        return self.site.cli("audit", "verify", *words, json_out=True)

    def assert_whole(self, *words) -> dict:
        done = self.verify(*words)
        self.assertEqual((done.returncode, done.json and done.json["faults"]), (0, []), done.stdout + done.stderr)
        return done.json

    def assert_fault(self, place: str, text: str) -> None:
        done = self.verify()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertTrue(any(fault["place"] == place and text in fault["text"] for fault in done.json["faults"]),
                        done.json["faults"])

    def signed(self) -> int:
        return self.site.status()["trail"]["signed"]

    def all_signed(self) -> None:
        def done():
            trail = self.site.status()["trail"]
            return trail["entries"] > 0 and trail["signed"] == trail["entries"]
        until(done, "every entry is signed", 20)

    def swap(self, wait: bool = True) -> None:
        """Somebody more or less is in a room: intents and results."""
        crew = self.site.joined("crew")
        other = crew - {"cas"} if "cas" in crew else crew | {"cas"}
        self.site.members("Crew", sorted(other))
        if wait:
            until(lambda: self.site.joined("crew") == other, "the crew is as the directory has it", 20)
            self.site.settle()

    def changed_and_back(self, file: pathlib.Path, at: int):
        """The file with one byte changed; give it to next() again to have it as it was."""
        before = file.read_bytes()
        file.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1:])
        yield
        file.write_bytes(before)
        yield

    def test_the_running_daemons_log_is_whole_and_its_store_beside_it(self):
        self.all_signed()
        found = self.assert_whole()
        self.assertGreater(found["checked"], 20)
        self.assertGreater(found["personal"], 10)
        self.assertGreater(found["intents"], 10)

    def test_without_a_daemon_what_only_asks_writes_nothing(self):
        self.all_signed()
        self.site.stop()

        def state() -> tuple:
            with contextlib.closing(sqlite3.connect(self.site.folder / "state" / "rollcall.db")) as database:
                entries = database.execute("SELECT MAX(number) FROM trail").fetchone()[0]
            files = {file: file.stat().st_mtime_ns for top in (self.folder, self.site.folder / "worm")
                     for file in top.rglob("*") if file.is_file()}
            return entries, files

        before = state()
        for words in (["status"], ["plan"], ["holds"], ["why", f"{self.site}-amy"], ["audit", "list"],
                      ["audit", "review", "all"], ["audit", "access", f"{self.site}-crew"], ["audit", "leavers"]):
            unknown = words == ["audit", "leavers"]     # who has left since
            self.assertEqual(self.site.cli(*words).returncode, 1 if unknown else 0, words)
            self.assertEqual(state(), before, words)
        self.assertEqual(self.site.cli("pause", "--reason", "to be on record").returncode, 0)
        entries, files = state()
        self.assertGreater(entries, before[0])
        self.assertNotEqual(files, before[1], "signed, and left outside")
        self.assertEqual(self.site.cli("resume").returncode, 0)

    def test_another_program_finds_the_same(self):
        self.all_signed()
        key = self.site.status()["trail"]["key"]
        self.site.stop()
        checked = subprocess.run([sys.executable, REPOSITORY / "docs" / "verify_log.py", self.folder, key],
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn(f"{self.assert_whole()['size']} entries, each as it was signed", checked.stdout)

    def test_nothing_in_the_log_leads_to_a_person(self):
        self.all_signed()
        login = self.site.login("goner").encode()
        person = next(entry["person"] for entry in self.site.trail() if entry.get("action") == "departed"
                      and entry.get("user") == self.site.user("goner"))
        for file in self.folder.rglob("*"):
            if file.is_file():
                for trace in (login, person.encode(), b"account disabled", b"@" + self.site.prefix.encode()):
                    self.assertNotIn(trace, file.read_bytes(), file)

    def test_what_a_checkpoint_covers_leaves_the_store_and_is_read_as_before(self):
        self.all_signed()
        before = {entry["index"]: entry for entry in self.site.trail()}
        self.swap()
        self.all_signed()
        with contextlib.closing(sqlite3.connect(f"file:{self.site.folder}/state/rollcall.db?mode=ro", uri=True)) as store:
            self.assertGreater(store.execute("SELECT MIN(number) FROM trail_leaf").fetchone()[0], 10)
        after = {entry["index"]: entry for entry in self.site.trail()}
        self.assertEqual({index: after[index] for index in before}, before)

    def test_one_changed_byte_is_named_by_its_file(self):
        self.all_signed()
        self.site.stop()
        size = self.assert_whole()["size"]
        width = f".p/{size % 256}" if size % 256 else ""
        bundle = self.folder / "tile" / "entries" / f"{(size - 1) // 256:03d}{width}"
        for file, text in ((bundle, "not the one that was signed"), (self.folder / "signed", "")):
            change = self.changed_and_back(file, 60)
            next(change)
            self.assert_fault(str(file.relative_to(self.folder)), text)
            next(change)
        self.assert_whole()

    def test_a_changed_name_in_the_store_is_named_by_its_entry(self):
        self.all_signed()
        self.site.stop()
        file = self.site.folder / "state" / "rollcall.db"
        before = file.read_bytes()
        with contextlib.closing(sqlite3.connect(file)) as store, store:
            store.execute("DROP TRIGGER trail_part_refuses_update")
            number = store.execute("SELECT MIN(number) FROM trail WHERE action = 'departed'").fetchone()[0]
            store.execute("UPDATE trail_part SET sealed = zeroblob(length(sealed)) WHERE number = ?", (number,))
        self.assert_fault("rollcall.db", f"entry {number}: what it says of its subject was changed")
        file.write_bytes(before)
        self.assert_whole()

    def test_a_proof_convinces_somebody_who_has_nothing_but_the_key(self):
        self.all_signed()
        entry = next(entry for entry in self.site.trail() if entry.get("action") == "departed"
                     and entry.get("user") == self.site.user("goner"))
        key = self.site.status()["trail"]["key"]
        proof, names = self.site.folder / "a.tlog-proof", self.site.folder / "b.tlog-proof"
        for file, more in ((proof, ()), (names, ("--with-names",))):
            made = self.site.cli("audit", "prove", str(entry["index"]), "--out", str(file), *more)
            self.assertEqual(made.returncode, 0, made.stderr)

        def check(file):
            return subprocess.run([program(), "audit", "check-proof", file, "--key", key, "--json"], cwd="/",
                                  env={}, capture_output=True, text=True, timeout=30)
        self.assertNotIn(self.site.prefix, check(proof).stdout.replace(str(proof), ""))
        self.assertIn(self.site.user("goner"), check(names).stdout)
        self.assertEqual(check(proof).returncode, 0, check(proof).stderr)
        text = names.read_text()
        names.write_text(text.replace("index ", "index 1", 1))
        self.assertEqual(check(names).returncode, 1)

    def test_a_checkpoint_that_was_kept_elsewhere_is_met_later(self):
        self.all_signed()
        kept = self.site.folder / "kept"
        shutil.copy(self.folder / "checkpoint", kept)
        self.swap()
        self.all_signed()
        anchored = len(list((self.site.folder / "worm").iterdir()))
        self.assertGreater(anchored, 1)
        self.assertEqual(self.assert_whole("--from", str(kept))["checkpoints_met"], anchored + 1)

    def test_a_store_from_a_backup_stops_the_start_and_says_what_to_do(self):
        self.all_signed()
        self.site.stop()
        store, backup = self.site.folder / "state" / "rollcall.db", self.site.folder / "backup.db"
        shutil.copy(store, backup)
        self.site.start()
        self.swap()
        self.site.stop()
        now = store.read_bytes()
        shutil.copy(backup, store)
        refused = subprocess.run([program(), "run", "-c", self.site.config], capture_output=True, text=True, timeout=30)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("going on would fork it", refused.stderr)
        self.assertIn("After a restore", refused.stderr)
        store.write_bytes(now)
        os.chmod(store, 0o600)
        self.site.start()
        self.assert_whole()

    @property
    def key_file(self) -> pathlib.Path:
        return self.site.folder / "secrets" / "audit-key"

    def keys(self) -> list:
        """Every public key that the log has had."""
        found = self.assert_whole()
        return found.get("keys", [found["key"]])

    def rotate(self) -> subprocess.CompletedProcess:
        return self.site.cli("audit", "rotate-key", "--reason", "scenario", json_out=True)

    def others_agree(self, key: str) -> bool:
        return subprocess.run([sys.executable, REPOSITORY / "docs" / "verify_log.py", self.folder, key],
                              capture_output=True, timeout=60).returncode == 0

    def test_a_new_key_takes_over_while_the_daemon_runs_and_the_first_one_leads_to_it(self):
        self.all_signed()
        first, secret = self.keys()[0], self.key_file.read_text()
        old_proof, new_proof = self.site.folder / "old.tlog-proof", self.site.folder / "new.tlog-proof"
        self.assertEqual(self.site.cli("audit", "prove", "3", "--out", str(old_proof)).returncode, 0)
        for _ in range(2):
            before = self.site.status()["trail"]["key"]
            rotated = self.rotate()
            self.assertEqual(rotated.returncode, 0, rotated.stderr)
            self.assertEqual(rotated.json["from"], before)
            until(lambda: self.site.status()["trail"]["key"] == rotated.json["to"], "the new key signs", 10)
            self.swap()
            self.all_signed()
        self.assertNotEqual(self.key_file.read_text(), secret)
        self.assertEqual(self.key_file.stat().st_mode & 0o777, 0o600)
        self.assertFalse(self.key_file.with_name("audit-key.next").exists())
        found = self.assert_whole("--key", first)          # every checkpoint in the anchor, too: most are of older keys
        self.assertEqual(found["checkpoints_met"], len(list((self.site.folder / "worm").iterdir())))
        self.assertEqual((found["keys"][0], found["keys"][-1]), (first, rotated.json["to"]))
        self.assertTrue(self.others_agree(first) and self.others_agree(rotated.json["to"]))
        self.assertEqual(self.site.cli("audit", "prove", "3", "--out", str(new_proof)).returncode, 0)
        for proof, key, good in ((old_proof, first, 0), (new_proof, first, 0), (new_proof, rotated.json["to"], 0),
                                 (old_proof, rotated.json["to"], 1)):
            checked = self.site.cli("audit", "check-proof", str(proof), "--key", key)
            self.assertEqual(checked.returncode, good, checked.stdout + checked.stderr)
        self.site.stop()
        without = self.rotate()                            # the same without a daemon
        self.assertEqual(without.returncode, 0, without.stderr)
        self.assertEqual(self.assert_whole("--key", first)["key"], without.json["to"])
        self.site.start()
        self.all_signed()
        self.assert_whole("--key", first)

    def kill_9_while_rotating_at(self, point: str) -> None:
        site = self.site
        self.all_signed()
        before = self.keys()
        site.stop()
        site.start(failpoint=point, armed=False)
        site.settle()
        self.all_signed()                                   # the entries of the start
        site.arm()
        self.rotate()                                       # its answer may be lost with the daemon
        site.dies(point)
        site.start()
        site.settle(30)
        self.swap()
        self.all_signed()
        self.assertFalse(site.status()["trail"].get("trouble"))
        after = self.keys()
        self.assertEqual(after[:len(before)], before)
        self.assertEqual(len(after), len(before) + (point not in ("key_written", "before_commit")))
        self.assertTrue(self.others_agree(after[0]))
        self.assert_whole("--key", after[0])
        self.assertEqual(self.rotate().returncode, 0)       # nothing is in the way of the next one
        until(lambda: len(self.keys()) == len(after) + 1, "one more key", 10)

    def kill_9_at(self, point: str) -> None:
        site = self.site
        self.all_signed()
        site.stop()
        name, later = point.removesuffix(", later"), point.endswith(", later")
        site.start(wait=later, failpoint=name, armed=not later)     # a start writes an entry
        if later:
            site.settle()
            self.all_signed()
            site.arm()
            self.swap(wait=False)
        site.dies(point)
        site.start()
        site.settle(30)
        self.swap()
        self.all_signed()
        self.assert_whole()
        self.assert_every_intent_ended()


# A test for each: so one that fails says which.
for _point in FAILPOINTS:
    def _test(self, point=_point):
        self.kill_9_at(point)
    setattr(Trail, f"test_kill_9_at_{_point.replace(', ', '_')}", _test)
for _point in ("key_written", "tiles_synced", "head_signed", "head_published", "key_adopted"):
    def _test(self, point=_point):
        self.kill_9_while_rotating_at(point)
    setattr(Trail, f"test_kill_9_while_the_key_is_rotated_at_{_point}", _test)


class Retention(Scenario):
    """Whose time is over goes by itself, once a day; the days are made by setting back when it was looked at last."""
    site = Site("re")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.config.write_text(site.config.read_text().replace(
            "  key_file: secrets/audit-key\n",
            "  key_file: secrets/audit-key\n  checkpoint_every: 1s\n  retention: 1s\n"))
        site.fill(STAFF, {"Staff": STAFF, "Crew": ["amy", "ben"]})
        site.start()
        site.apply(POLICY)
        site.settle(30)
        for name in ("goner", "again"):
            site.person(name, ["Staff", "Crew"])
            site.wait("crew", name, "join")
            site.directory.disable(site.dn(name))
            site.wait("crew", name, "leave")
        site.settle()

    def looked(self, hours: float | None) -> None:
        """The daemon starts and believes that it looked so long ago, or never."""
        until(lambda: self.time_is_over("goner"), "whose time is over")
        self.site.stop()
        with contextlib.closing(sqlite3.connect(self.site.folder / "state" / "rollcall.db")) as store, store:
            store.execute("DELETE FROM mark WHERE kind = 'retention'")
            if hours is not None:
                store.execute("INSERT INTO mark (kind, key, value) VALUES ('retention', 'looked', ?)",
                              (str(int((time.time() - hours * 3600) * 1000)),))
        self.site.start()

    def time_is_over(self, name: str) -> bool:
        """Their departure is longer ago than `retention`: the daemon looks once a start, and may start at once."""
        departed = [entry["time"] for entry in self.about(name) if entry.get("action") == "departed"]
        return bool(departed) and time.time() - datetime.datetime.fromisoformat(departed[-1]).timestamp() > 1

    def logged(self, what: str) -> bool:
        return what in (self.site.folder / "log").read_text()

    def about(self, name: str) -> list:
        return [entry for entry in self.site.trail() if entry.get("user") == self.site.user(name)]

    def test_a_daemon_that_was_long_off_says_first_whom_it_would_erase(self):
        self.looked(None)
        until(lambda: self.logged("RC-RETENTION-SOON"), "it says so", 30)
        self.assertTrue(self.about("goner"))
        self.assertFalse([entry for entry in self.site.trail() if entry.get("action") == "erase"])

    def test_the_next_day_they_are_erased_but_not_who_came_back(self):
        self.site.directory.enable(self.site.dn("again"))
        self.site.wait("crew", "again", "join")
        self.site.settle()
        self.looked(25)
        until(lambda: self.logged("RC-RETAINED"), "somebody is erased", 30)
        erased = [entry for entry in self.site.trail() if entry.get("action") == "erase"]
        self.assertEqual([(entry["reason"], "caller" in entry) for entry in erased],
                         [("audit.retention: 1s after the departure", False)])
        self.assertFalse(self.about("goner"))
        self.assertTrue(self.about("again"))
        self.assertNotIn(self.site.login("goner").encode(),
                         b"".join(file.read_bytes() for file in (self.site.folder / "state" / "audit").rglob("*")
                                  if file.is_file()))
        self.site.stop()
        found = self.site.cli("audit", "verify", json_out=True)
        self.assertEqual((found.returncode, found.json["faults"]), (0, []), found.stdout)
        self.assertGreater(found.json["erased"], 0)
