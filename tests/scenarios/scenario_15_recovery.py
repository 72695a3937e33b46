"""A database from an older backup, and a log that went on: nothing forks, nobody is removed, every question has an answer."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.request

from harness import REPOSITORY, Scenario, Site, program, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: employees, owners: {user: {p}-amy}}
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}, owners: {user: {p}-amy}}
"""
STAFF = ["amy", "ben", "cas"]


class Recovery(Scenario):
    site = Site("rc")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.config.write_text(site.config.read_text().replace(
            "  key_file: secrets/audit-key\n", "  key_file: secrets/audit-key\n  checkpoint_every: 1s\n"))
        site.fill(STAFF, {"Staff": STAFF, "Crew": ["amy", "ben"]})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    @property
    def store(self) -> pathlib.Path:
        return self.site.folder / "state" / "rollcall.db"

    def verified(self) -> dict:
        done = self.site.cli("audit", "verify", json_out=True)
        self.assertEqual((done.returncode, done.json and done.json["faults"]), (0, []), done.stdout + done.stderr)
        return done.json

    def tell_again(self, events: list, room: str) -> None:
        """A transaction, as the homeserver sends one that it thinks was never taken."""
        body = json.dumps({"events": [{**event, "room_id": room} for event in events]}).encode()
        request = urllib.request.Request(f"http://{self.site.listen}/_matrix/app/v1/transactions/again", body, method="PUT")
        request.add_header("Authorization", f"Bearer {self.site.secret('hs_token')}")
        with urllib.request.urlopen(request, timeout=30) as response:
            self.assertEqual(response.status, 200)

    def refused_to_run(self) -> str:
        done = subprocess.run([program(), "run", "-c", self.site.config], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_what_was_done_since_the_backup_is_taken_from_the_log(self):
        site = self.site
        site.stop()
        shutil.copy(self.store, site.folder / "backup.db")
        site.start()
        site.person("late", ["Staff", "Crew"])
        site.wait("crew", "late", "join")
        site.directory.disable(site.dn("ben"))
        site.wait("crew", "ben", "leave")
        site.wait("hall", "ben", "leave")
        site.settle()
        site.ask("pause", reason="scenario", all=False)
        site.ask("resume", reason="scenario")
        newer = POLICY + "  {p}-late: {name: Late, members: employees, owners: {user: {p}-amy}}\n"
        site.apply(newer)
        site.settle(30)
        late = site.room("late")
        entries = site.trail()[-1]["index"]
        in_late = site.bot.joined(late)
        was = {room: site.joined(room) for room in ("hall", "crew")}
        site.stop()

        os.remove(self.store)
        shutil.copy(site.folder / "backup.db", self.store)
        self.assertIn("rollcall audit recover", self.refused_to_run())
        done = site.cli("audit", "recover", "--reason", "the disk died", json_out=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(done.json["last"], entries)
        self.assertGreater(done.json["people_lost"], 0)
        self.assertEqual([order["order"] for order in done.json["orders"]], ["pause", "resume", "apply"])
        found = self.verified()
        self.assertGreater(found["lost"], 0)

        site.start()
        after = site.trail_end()
        self.assertEqual(site.status()["pause"], "all")
        self.tell_again([event for event in site.bot.state(late) if event["type"] == "m.room.create"], late)
        until(lambda: site.status()["unremembered_rooms"] == [late], "the room that was made since is named", 30)
        site.ask("resume", reason="looked at the plan")
        site.settle(30)
        self.assertEqual({room: site.joined(room) for room in was}, was)
        self.assertEqual([change for change in site.changed(after) if change[0] == "leave"], [])
        self.assert_every_intent_ended()
        recover = [entry for entry in site.trail() if entry.get("action") == "recover"]
        self.assertEqual([(entry["recovered"], entry["reason"]) for entry in recover],
                         [(f"{done.json['first']}-{done.json['last']}", "the disk died")])

        # A room that was made since is not known to that database: it stays as it is, although the homeserver tells of its
        # creation again, and its address is not taken from it.
        site.apply(newer)
        until(lambda: f"#{site}-late:corp.example.com leads to somebody else's room" in site.status()["alias_conflicts"],
              "that the address is taken is in status")
        self.assertEqual(site.bot.joined(late), in_late)
        shown = site.cli("status").stdout
        self.assertIn("Made by this state folder, which does not remember them", " ".join(shown.split()))
        self.assertIn(late, shown)
        self.assertIn("RC-ROOM-UNREMEMBERED", site.log_end(200))
        site.write_policy(POLICY)
        site.apply()
        site.add("cas", "Crew")
        site.wait("crew", "cas", "join")
        key = site.status()["trail"]["key"]
        site.stop()
        self.verified()
        checked = subprocess.run([sys.executable, REPOSITORY / "docs" / "verify_log.py", site.folder / "state" / "audit", key],
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        site.start()
        again = site.cli("audit", "recover", "--reason", "once more", json_out=True)
        self.assertEqual(again.returncode, 1, "not while a daemon holds the folder")
        site.stop()
        again = site.cli("audit", "recover", "--reason", "once more", json_out=True)
        self.assertEqual((again.returncode, again.json), (0, {}), again.stderr)
