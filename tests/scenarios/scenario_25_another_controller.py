"""The controller's name leads to another one that is behind, or it was put back to an earlier state: nobody who left is
let back in, nobody goes, departures act, and it is said."""

import pathlib
import shutil
import stat
import subprocess
import time

from harness import Scenario, Site, measured, settings, until
from rollcall_lab import samba_dc

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: employees}
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}}
"""
STAFF = ["amy", "ben", "cas", "dan", "eve"]
COPY, KEPT = settings.DC.with_name("dc-of-before"), settings.DC.with_name("dc-of-now")

# A copy of a controller becomes another one by this alone; no module of Samba's lets anybody write it.
NEW_INVOCATION_ID = """
import glob, ldb, sys, uuid
for path in glob.glob(sys.argv[1] + "/private/sam.ldb.d/CN=CONFIGURATION*.ldb"):
    base = ldb.Ldb(path)
    for entry in base.search(expression="(objectClass=nTDSDSA)", attrs=["invocationId"]):
        message = ldb.Message(entry.dn)
        message["invocationId"] = ldb.MessageElement(uuid.uuid4().bytes_le, ldb.FLAG_MOD_REPLACE, "invocationId")
        base.modify(message)
        print(entry.dn)
"""


class AnotherController(Scenario):
    site = Site("oc", directory_proxy=True)

    @classmethod
    def setUpClass(cls):
        cls.site.fill(STAFF, {"Staff": STAFF, "Crew": ["amy", "ben", "cas"]})
        cls.site.start()
        cls.site.apply(POLICY)
        cls.site.settle(30)

    @classmethod
    def tearDownClass(cls):
        if KEPT.exists():
            cls.exchange(KEPT)
        shutil.rmtree(COPY, ignore_errors=True)
        super().tearDownClass()

    @classmethod
    def keep_a_copy(cls) -> None:
        samba_dc.stop()
        shutil.rmtree(COPY, ignore_errors=True)
        shutil.copytree(settings.DC, COPY, ignore=lambda folder, names: [
            name for name in names if stat.S_ISSOCK((pathlib.Path(folder) / name).lstat().st_mode)])
        samba_dc.start()

    @classmethod
    def exchange(cls, other) -> None:
        """The controller in this folder answers from now on; the one before is kept."""
        samba_dc.stop()
        if other == KEPT or KEPT.exists():       # the one from before all this stays the one that is kept
            shutil.rmtree(settings.DC)
        else:
            settings.DC.rename(KEPT)
        other.rename(settings.DC)
        samba_dc.start()

    def doubt(self) -> str:
        return self.site.status()["directory"]["doubt"]

    def assert_who_left_stays_out(self, what: str, others=("cas", "dan", "eve")) -> None:
        site = self.site
        until(lambda: what in self.doubt(), f"what is said of the controller: {self.doubt()}", 60)
        until(lambda: site.status()["backlog"]["quiet"], "a quiet daemon", 30)
        self.assertEqual(site.membership("hall", "ben"), "leave")
        self.assertEqual(site.membership("crew", "amy"), "leave")
        for name in others:
            self.assertEqual(site.membership("hall", name), "join")
        said = site.cli("status").stdout
        self.assertNotIn("All is well", said)
        self.assertIn(site.login("ben"), " ".join(said.split()))

    def leave(self) -> int:
        """Ben's account is disabled and amy is no longer in the crew; where the trail ends then."""
        site = self.site
        site.directory.disable(site.login("ben"))
        site.remove("amy", "Crew")
        site.wait("hall", "ben", "leave")
        site.wait("crew", "amy", "leave", 30)
        site.settle(30)
        return site.trail_end()

    def come_back(self) -> None:
        site = self.site
        site.directory.enable(site.login("ben"))
        site.add("amy", "Crew")
        site.wait("hall", "ben", "join", 30)
        site.wait("crew", "amy", "join", 30)
        site.settle(30)

    def test_1_another_controller_that_is_behind(self):
        site = self.site
        self.keep_a_copy()
        done = subprocess.run(["/usr/bin/python3", "-c", NEW_INVOCATION_ID, COPY], capture_output=True, text=True)
        self.assertIn("NTDS Settings", done.stdout, done.stderr)
        after = self.leave()
        self.exchange(COPY)
        self.assert_who_left_stays_out("leads to another controller")
        self.assertEqual([c for c in site.changed(after) if c[0] in ("join", "invite", "leave")], [])
        began = time.monotonic()
        site.directory.disable(site.login("dan"))          # what happens there acts
        site.wait("hall", "dan", "leave")
        measured("disabled at a controller that is behind → out", began)
        self.exchange(KEPT)                                # and now the real one, which knows nothing of dan
        until(lambda: site.login("ben") not in self.doubt(), f"the former controller: {self.doubt()}", 60)
        until(lambda: site.status()["backlog"]["quiet"], "a quiet daemon", 30)
        self.assertEqual(site.membership("hall", "dan"), "leave")
        self.assertEqual(site.membership("hall", "ben"), "leave")
        site.directory.disable(site.login("dan"))          # as it was known
        until(lambda: site.login("dan") not in self.doubt(), "both say the same of dan", 30)
        site.directory.enable(site.login("dan"))
        site.wait("hall", "dan", "join", 30)
        until(lambda: self.doubt() == "", f"nothing is doubted any more: {self.doubt()}", 30)
        self.come_back()

    def test_2_a_controller_that_was_put_back(self):
        site = self.site
        self.keep_a_copy()
        after = self.leave()
        self.exchange(COPY)
        self.assert_who_left_stays_out("was put back to an earlier state")
        self.assertEqual([c for c in site.changed(after) if c[0] in ("join", "invite", "leave")], [])
        site.stop()
        site.start()
        site.directory.disable(site.login("cas"))          # its USNs are below those that were known
        site.wait("hall", "cas", "leave", 30)
        self.assert_who_left_stays_out("was put back to an earlier state", ("dan", "eve"))
        site.directory.disable(site.login("ben"))
        until(lambda: site.login("ben") not in self.doubt(), "both say the same of ben", 30)
        site.directory.enable(site.login("ben"))
        site.wait("hall", "ben", "join", 30)
        self.assertEqual(site.membership("crew", "amy"), "leave")
        site.remove("amy", "Crew")
        until(lambda: self.doubt() == "", f"nothing is doubted any more: {self.doubt()}", 30)
        site.add("amy", "Crew")
        site.wait("crew", "amy", "join", 30)

    def test_3_a_controller_that_was_put_back_and_has_gone_on(self):
        """Nothing shows that but what it says of those whom it had told of: it counts beyond the known USN again."""
        site = self.site
        self.keep_a_copy()
        after = self.leave()
        known = site.directory.usn()
        site.to_directory.refuse()
        until(lambda: site.status()["directory"]["health"] != "up", "the directory is missed", 30)
        self.exchange(COPY)
        site.directory.disable(site.login("eve"))          # below the known USN
        for turn in range(200):
            if site.directory.usn() > known + 5:
                break
            site.directory.set_attribute(site.login("dan"), "description", f"turn {turn}")
        self.assertGreater(site.directory.usn(), known)
        site.to_directory.accept()
        site.wait("hall", "eve", "leave", 30)
        self.assert_who_left_stays_out("was put back to an earlier state", ("dan",))
        self.assertEqual([c for c in site.changed(after) if c[0] in ("join", "invite")], [])
