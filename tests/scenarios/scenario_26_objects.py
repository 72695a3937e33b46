"""Objects of the directory that are restored, and dates that nobody can mean."""

import subprocess

from harness import Scenario, Site, settings, until
from rollcall_lab import samba_dc

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: employees}
"""
STAFF = ["amy", "ben", "cas", "dan", "eve"]

# Over LDAP Samba 4.17 answers "operations error" to this.
RESTORE = """
import sys
import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
conf, path, login, dn = sys.argv[1:]
parameters = LoadParm()
parameters.load(conf)
samdb = SamDB(session_info=system_session(), lp=parameters, url=path)
found = samdb.search(base=samdb.domain_dn(), expression=f"(sAMAccountName={login})", attrs=["cn"], controls=["show_deleted:1"])
message = ldb.Message(found[0].dn)
message["isDeleted"] = ldb.MessageElement([], ldb.FLAG_MOD_DELETE, "isDeleted")
message["distinguishedName"] = ldb.MessageElement([dn], ldb.FLAG_MOD_REPLACE, "distinguishedName")
samdb.modify(message, ["show_deleted:1"])
"""


class Objects(Scenario):
    site = Site("ob")

    @classmethod
    def setUpClass(cls):
        cls.site.fill(STAFF, {"Staff": STAFF})
        cls.site.start()
        cls.site.apply(POLICY)
        cls.site.settle(30)

    def quiet(self) -> None:
        until(lambda: self.site.status()["backlog"]["quiet"], "a quiet daemon", 30)

    def test_who_is_restored_has_no_place_of_before(self):
        site, login = self.site, self.site.login("ben")
        guid = site.directory.guid(login)
        dn = site.dn("ben")
        site.directory.delete(login)
        site.wait("hall", "ben", "leave")
        self.quiet()
        after = site.trail_end()
        usn = site.status()["directory"]["usn"]
        done = subprocess.run(["/usr/bin/python3", "-c", RESTORE, samba_dc.SMB_CONF, settings.DC / "private" / "sam.ldb",
                               login, dn], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(site.directory.guid(login), guid)
        site.directory.set_attribute(login, "userAccountControl", "544")
        until(lambda: site.status()["directory"]["usn"] > usn, "the restored object is read", 30)
        self.quiet()
        self.assertEqual([c for c in site.changed(after) if c[0] in ("join", "invite")], [])
        self.assertEqual(site.membership("hall", "ben"), "leave")
        site.add("ben", "Staff")
        site.wait("hall", "ben", "join", 30)

    def test_a_date_that_nobody_can_mean_throws_nobody_out(self):
        site, login = self.site, self.site.login("cas")
        before = site.trail_end()
        for value in (1, 864_000_000_000):
            site.directory.set_attribute(login, "accountExpires", str(value))
            until(lambda: f"{login} ({value})" in site.status()["directory"]["text"],
                  f"the date is named: {site.status()['directory']}", 30)
            self.quiet()
            self.assert_removes_nobody(before)
            self.assertEqual(site.membership("hall", "cas"), "join")
        site.directory.set_attribute(login, "accountExpires", "0")
        until(lambda: login not in site.status()["directory"]["text"], "the remark goes", 60)
