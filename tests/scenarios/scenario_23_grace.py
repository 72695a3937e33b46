"""Whoever moves from one group to another, or is in a group that is emptied and filled again, is never out."""

import time

from harness import Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: employees}
  {p}-sales: {name: Sales, members: {group: "{p} Sales"}}
guards: {grace: 10s, removals: {at_most: 100, within: 1h}, room_loses: {percent: 100, at_least: 50}}
"""
STAFF = ["amy", "ben", "cas", "dan", "mover"]


class Grace(Scenario):
    site = Site("gr")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Sales": STAFF, "Legal": [], "Staff": ["=Sales", "=Legal"]})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def waits(self, name: str, room: str) -> str | None:
        return next((line.get("waits") for line in self.site.why(name, room)["next"] if line["kind"] == "remove"), None)

    def test_a_mover_stays_in_what_both_groups_open_and_leaves_the_other_when_the_grace_is_over(self):
        site, before = self.site, self.site.trail_end()
        site.remove("mover", "Sales")
        until(lambda: self.waits("mover", "hall"), "a removal that waits")
        site.add("mover", "Legal")
        until(lambda: self.waits("mover", "hall") is None, "no removal from the hall")
        site.wait("sales", "mover", "leave", 20)
        site.settle()
        self.assertEqual(site.membership("hall", "mover"), "join")
        self.assertEqual([room for action, room, _ in site.changed(before) if action == "leave"], [f"{site}-sales"])

    def test_a_group_that_is_emptied_and_filled_again_throws_nobody_out(self):
        site = self.site
        names = ["amy", "ben", "cas", "dan"]
        before = site.trail_end()
        site.members("Sales", [])
        until(lambda: self.waits("amy", "sales"), "removals that wait")
        site.members("Sales", names)
        until(lambda: self.waits("amy", "sales") is None, "nothing that waits")
        site.settle()
        self.assert_removes_nobody(before)

    def test_N2_a_departure_does_not_wait(self):
        site = self.site
        site.directory.disable(site.dn("dan"))
        began = time.monotonic()
        site.wait("hall", "dan", "leave")
        self.assertLess(time.monotonic() - began, 10)
