"""An auditor at a shell of their own: a login of this machine that the directory knows, in the auditors' group."""

import json
import os
import pwd
import shutil
import subprocess

from harness import CORP, ENABLED_WITHOUT_PASSWORD, Scenario, Site, accounts, program

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}, owners: {user: {p}-amy}}
guards:
  room_loses: {percent: 100, at_least: 50}
"""
STAFF = ["amy", "ben", "cas"]
AUDITOR = "games"       # an account of every Debian, with no right to anything


class Auditor(Scenario):
    site = Site("ri")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Staff": STAFF, "Crew": STAFF, "Auditors": []})
        accounts.make(CORP, AUDITOR, "Audrey Gamesmaster")
        site.directory.add_person(AUDITOR, "Audrey", "Gamesmaster", f"OU={site}",
                                  [site.group_dn("Staff"), site.group_dn("Auditors")],
                                  userAccountControl=ENABLED_WITHOUT_PASSWORD)
        text = site.config.read_text().replace("group: root", f"group: {AUDITOR}")
        site.config.write_text(text + f"auditors: {{group: {site} Auditors}}\n")
        cls.open_to_the_auditor()
        site.start()
        site.apply(POLICY)
        site.settle(30)

    @classmethod
    def open_to_the_auditor(cls):
        """The program, the configuration and the socket, and nothing of the secrets or the state."""
        site = cls.site
        cls.program = site.folder / "rollcall"
        shutil.copy(program(), cls.program)
        for path in (site.folder.parent, site.folder):
            os.chmod(path, 0o711)
        os.chmod(cls.program, 0o755)
        os.chmod(site.config, 0o644)

    def audit(self, *words, as_user: str | None = AUDITOR) -> subprocess.CompletedProcess:
        done = subprocess.run([self.program, "audit", *words, "-c", self.site.config, "--json"],
                              user=as_user, group=as_user, extra_groups=[] if as_user else None, cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        done.json = json.loads(done.stdout) if done.stdout.strip() else None
        return done

    def done(self, *words) -> dict:
        said = self.audit(*words)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        return said.json

    def refused(self, why: str, *words, as_user: str | None = AUDITOR) -> None:
        said = self.audit(*words, as_user=as_user)
        self.assertEqual(said.returncode, 1, said.stdout + said.stderr)
        self.assertIn(why, said.stdout + said.stderr)

    def test_signs_off_what_was_looked_at_and_root_may_not(self):
        review = self.done("review", f"{self.site}-crew")["rooms"][0]
        members = {member["user"] for member in review["content"]["members"]}
        self.assertEqual(members, set(self.site.bot.joined(self.site.room("crew"))), "what Synapse says too")
        words = ("sign-off", f"{self.site}-crew", "--review", review["hash"], "--reason", "Q4")
        self.refused("root is nobody in the directory", *words, as_user=None)
        self.refused("is not 00000000", *words[:3], "0" * 64, *words[4:])
        self.done(*words)
        again = self.done("review", f"{self.site}-crew")["rooms"][0]
        self.assertEqual((again["signed_off"]["by"], again["signed_off"]["unchanged"]), (AUDITOR, True))
        entry = self.site.trail(kind="command", action="sign-off")[-1]
        self.assertEqual((entry["caller"]["uid"], entry["reason"]), (pwd.getpwnam(AUDITOR).pw_uid, "Q4"))

    def test_erases_a_leaver_once_no_legal_hold_is_on_them(self):
        leaver, user = self.site.login("ben"), self.site.user("ben")
        self.refused("has not departed", "erase", leaver, "--reason", "request 31")
        self.site.directory.disable(self.site.dn("ben"))
        self.site.wait("crew", "ben", "leave")
        self.site.settle()
        before = len(self.site.trail(user=user))
        self.assertGreater(before, 3)
        self.done("hold", leaver, "--reason", "case 7")
        self.refused("is under a legal hold", "erase", leaver, "--reason", "request 31")
        self.done("release", leaver, "--reason", "case 7 is closed")
        pseudonyms = self.done("erase", leaver, "--reason", "request 31")["pseudonyms"]
        told = json.dumps(self.site.trail())
        self.assertNotIn(user, told)
        self.assertNotIn(f'"{leaver}"', told)
        self.assertEqual(sum(entry.get("erased") in pseudonyms for entry in self.site.trail()), before + 2,
                         "the evidence stays, that of hold and release too")
        departures = self.done("leavers")["departures"]
        self.assertEqual([one["user"] for one in departures], pseudonyms)
        self.assertEqual(departures[0]["promise"], "kept")
        verified = self.site.cli("audit", "verify", json_out=True)
        self.assertEqual((verified.returncode, verified.json["faults"]), (0, []), verified.stdout + verified.stderr)
