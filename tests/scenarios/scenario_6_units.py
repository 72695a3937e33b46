"""Organisational units and what is hidden: rules follow a unit that is renamed, and nobody loses a room because part of
the directory is not shown."""

from harness import Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}}
  {p}-unit: {name: Unit, members: {under: "OU=Site,OU={p},DC=corp,DC=example,DC=com"}}
  {p}-guid: {name: Guid, members: {under: "guid:GUID"}}
guards: {canaries: ["@rollcall-canary:corp.example.com"]}
"""
STAFF = ["amy", "ben", "cas", "dan"]


class Units(Scenario):
    site = Site("ou", directory_every="1s")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Staff": STAFF, "Inner": ["amy"], "Crew": ["=Inner", "ben"]})
        cls.unit = site.directory.create_ou("Site", f"OU={site}")
        for name in ("amy", "ben"):
            site.directory.move(site.login(name), f"OU=Site,OU={site}")

    def setUp(self):
        site = self.site
        if not site.process:
            site.start()
            site.apply(POLICY.replace("GUID", site.directory.guid(self.unit)))
            site.settle(30)
        self.before = site.trail_end()

    def complete_read(self) -> None:
        """Until a complete read has ended that began after now."""
        end = self.site.trail_end()
        until(lambda: len(self.site.trail(end, kind="directory")) > 1, "two complete reads")

    def test_1_a_rule_follows_the_unit_that_is_renamed(self):
        site = self.site
        for room in ("unit", "guid"):
            self.assertEqual(site.joined(room), {"amy", "ben"})
        site.directory._run("modify_dn", self.unit, "OU=Place")
        self.complete_read()
        site.directory.move(site.login("cas"), f"OU=Place,OU={site}")
        for room in ("unit", "guid"):
            site.wait(room, "cas", "join")
            self.assertEqual(site.joined(room), {"amy", "ben", "cas"})
        self.assert_removes_nobody(self.before)
        site.directory.move(site.login("ben"), f"OU={site}")
        for room in ("unit", "guid"):
            site.wait(room, "ben", "leave")
        site.settle()
        self.assertEqual(site.cli("plan", "--exit-code").returncode, 0)

    def test_2_a_nested_group_that_is_hidden_removes_nobody(self):
        site = self.site
        self.assertEqual(site.joined("crew"), {"amy", "ben"})
        put_back = site.directory.deny_read(f"{site} Inner")
        self.addCleanup(put_back)
        self.complete_read()
        self.assertEqual(site.why("amy", "crew")["verdict"], "unknown")
        self.assertEqual(site.why("dan", "crew")["verdict"], "unknown")
        self.assertTrue(any(text.startswith(f"{site} ") for text in site.status()["unreadable_groups"]))
        site.directory.remove_from_group(site.login("ben"), f"{site} Crew")   # ben may be in Inner, for all we know
        self.complete_read()
        site.settle()
        self.assert_removes_nobody(self.before)
        put_back()
        site.wait("crew", "ben", "leave")
        self.assertEqual(site.joined("crew"), {"amy"})

    def test_3_a_canary_named_by_its_matrix_id_is_looked_for(self):
        site = self.site
        put_back = site.directory.deny_read("rollcall-canary")
        self.addCleanup(put_back)
        until(lambda: "canary" in site.status()["directory"]["frozen"], "frozen removals")
        put_back()
        until(lambda: not site.status()["directory"]["frozen"], "removals again", 45)
