"""Objects of the directory that are restored, and dates that nobody can mean."""

import ldap3
from harness import Scenario, Site, settings, until
from rollcall_lab.ad import SHOW_DELETED

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: employees}
"""
STAFF = ["amy", "ben", "cas", "dan", "eve"]


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
        deleted = site.directory.search(f"(sAMAccountName={login})", ["cn"], deleted=True)
        self.assertEqual(len(deleted), 1)
        site.directory._run("modify", deleted[0]["dn"], {                     # noqa: SLF001 - by hand, as it was found
            "isDeleted": [(ldap3.MODIFY_DELETE, [])],
            "distinguishedName": [(ldap3.MODIFY_REPLACE, [dn])],
            "userAccountControl": [(ldap3.MODIFY_REPLACE, ["544"])]}, controls=[SHOW_DELETED])
        self.assertEqual(site.directory.guid(login), guid)
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
