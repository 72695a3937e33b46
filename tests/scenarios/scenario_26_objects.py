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


EXCEPTING = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: {group: "{p} Staff", except: {group: "{p} Guests"}}}
"""


class DeletedGroups(Scenario):
    """ben is in Guests, cas by its part Acme: neither comes in because one of these groups is deleted."""
    site = Site("dg")

    @classmethod
    def setUpClass(cls):
        cls.site.fill(["amy", "ben", "cas"], {"Staff": ["amy", "ben", "cas"], "Acme": ["cas"], "Guests": ["ben", "=Acme"]})
        cls.site.start()
        cls.site.apply(EXCEPTING)
        cls.site.settle(30)

    def gone(self) -> list:
        return self.site.status()["gone"]

    def expect_out(self, text: str) -> None:
        """Also after a restart, with the complete read that it brings."""
        site, before = self.site, self.site.trail_end()
        for again in (False, True):
            if again:
                site.kill()
                site.start()
                until(lambda: site.status()["directory"]["health"] == "up", "the directory is read", 30)
            until(lambda: any(text in one for one in self.gone()), f"it is said: {self.gone()}", 30)
            until(lambda: site.status()["backlog"]["quiet"], "a quiet daemon", 30)
            self.assertEqual([c for c in site.changed(before) if c[0] in ("join", "invite")], [])
            for name in ("ben", "cas"):
                self.assertNotIn(site.membership("hall", name), ("join", "invite"))
        self.assertEqual(site.cli("status", "--exit-code").returncode, 1)

    def test_1_one_that_was_part_of_an_exception_keeps_out_until_a_policy_is_applied(self):
        site = self.site
        site.directory.delete(site.group_dn("Acme"))
        self.expect_out(f"the group '{site} Acme' was deleted from the directory; it was part of '{site} Guests'")
        plan = site.ask("plan")
        self.assertIn("with this policy 1 person whom it kept out may come in", str(plan["diagnostics"]))
        self.assertEqual(plan["counts"], {"add": 1})
        site.apply()
        site.wait("hall", "cas", "join")
        self.assertEqual(self.gone(), [])
        self.assertNotIn(site.membership("hall", "ben"), ("join", "invite"))

    def test_2_one_that_an_exception_names_lets_nobody_in(self):
        site = self.site
        site.remove("cas", "Staff")
        site.wait("hall", "cas", "leave")
        site.directory.delete(site.group_dn("Guests"))
        self.expect_out(f"the group '{site} Guests' was deleted from the directory: whom it would keep out cannot be known")
        self.assertEqual(site.membership("hall", "amy"), "join")
        self.assertIn("was deleted", str(site.ask("plan")["diagnostics"]))
        site.apply(EXCEPTING.replace(', except: {group: "{p} Guests"}', ""))
        site.wait("hall", "ben", "join")
        self.assertEqual(self.gone(), [])
