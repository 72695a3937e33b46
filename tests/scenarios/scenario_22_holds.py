"""What a guard has held stays held, and nobody without rights fills a guard."""

import contextlib

from harness import Client, MatrixError, Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}}
  {p}-yard: {name: Yard, members: {group: "{p} Crew"}, owners: {user: {p}-lead}, who_invites: owners}
guards:
  removals: {at_most: 3, within: 1h}
  departures: {at_most: 3, within: 1h}
  room_loses: {percent: 100, at_least: 50}
  room_gains: {percent: 100, at_least: 50}
"""
CREW = ["amy", "ben", "cas", "dan", "eve", "fay", "gus", "hal"]
STAFF = ["lead", "kim", "lou", *CREW]
DISABLED = "546"


class Holds(Scenario):
    site = Site("hd")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Staff": STAFF, "Crew": [*CREW, "kim", "lou"]})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def holds(self) -> list:
        return self.site.status()["holds"]

    def test_1_N4_accounts_that_are_made_disabled_hold_nobodys_departure(self):
        site = self.site
        for number in range(6):
            site.person(f"made{number}", ["Staff"], account=False, userAccountControl=DISABLED)
        site.directory.disable(site.dn("lou"))
        site.wait("crew", "lou", "leave")
        self.assertEqual(self.holds(), [])

    def test_2_N4_invitations_by_hand_hold_nobody_and_are_taken_back(self):
        site = self.site
        lead = Client.login(site.login("lead"))
        invented = [f"@{site}-nobody{number}:corp.example.com" for number in range(8)]
        for who in invented:
            lead.invite(site.room("yard"), who)
        for who in invented:
            site.wait("yard", who, "leave")
        site.remove("kim", "Crew")
        site.wait("crew", "kim", "leave")
        site.settle()                  # the past of these rooms is taken away after that
        self.assertEqual(self.holds(), [])

    def test_3_N4_a_group_refilled_in_parts_releases_nobody(self):
        site, before = self.site, self.site.trail_end()
        site.members("Crew", [])
        until(lambda: next((hold for hold in self.holds() if len(hold["actions"]) == 16), None), "a hold of all of them")
        for there in (CREW[:3], CREW[:6]):
            site.members("Crew", there)
            left = 2 * (len(CREW) - len(there))
            hold = until(lambda: next((hold for hold in self.holds() if len(hold["actions"]) == left), None),
                         f"a hold of {left} actions")
        self.assertIn("of what this guard has stopped before", hold["cause"])
        site.stop()
        site.start()
        site.settle(30, left=4)
        self.assert_removes_nobody(before)
        site.ask("approve", id=self.holds()[0]["id"], reason="these two did leave")
        for name in CREW[6:]:
            site.wait("crew", name, "leave")
        site.settle()
        self.assertEqual(site.joined("crew"), set(CREW[:6]))

    def test_4_N4_an_order_that_names_somebody_is_not_held_with_the_rest(self):
        site = self.site
        leavers = [f"off{number}" for number in range(6)]
        for name in leavers:
            site.person(name, ["Staff", "Crew"])
        for name in leavers:
            site.wait("crew", name, "join", 20)
        for name in leavers[:5]:
            site.directory.disable(site.dn(name))
        until(lambda: any(hold["guard"] == "departures" for hold in self.holds()), "they are held")
        until(lambda: all(site.status()["backlog"][what] == done for what, done in (("quiet", True), ("in_flight", 0))),
              "the first of them are out", 20)
        held = [name for name in leavers[:5] if site.membership("crew", name) == "join"]
        self.assertGreater(len(held), 1, "the guard lets the first of them pass")
        for command in (("check", "--online"), ("audit", "leavers")):
            said = site.cli(*command)
            self.assertEqual(said.returncode, 1, said.stdout)
            self.assertIn("kept back", said.stdout)
        for name in leavers[5], held[0]:       # beside those, and one of them
            said = site.cli("depart", site.login(name), "--reason", "given notice")
            self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
            site.wait("crew", name, "leave")
        self.assertEqual([site.membership("crew", name) for name in held[1:]], ["join"] * len(held[1:]))
        site.ask("pause", all=True, reason="a test")
        said = site.cli("depart", site.login(held[1]), "--reason", "given notice")
        self.assertEqual(said.returncode, 1)
        self.assertIn("everything is paused", said.stdout)
        site.ask("resume", reason="a test")
        site.wait("crew", held[1], "leave")

    def test_5_N4_whoever_is_held_and_put_out_and_let_in_again_by_hand_is_taken_back(self):
        site, lead = self.site, Client.login(self.site.login("lead"))
        yard, eve = site.room("yard"), Client.login(site.login("eve"))
        site.members("Crew", [])
        held = {f"remove {site}-yard {site.user(name)}" for name in CREW[:6]}
        until(lambda: any(held <= set(hold["actions"]) for hold in self.holds()), "they are held")
        lead.kick(yard, site.user("eve"))
        lead.invite(yard, site.user("eve"))
        with contextlib.suppress(MatrixError):       # the invitation may be taken back before she takes it
            eve.join(yard)
        site.wait("yard", "eve", "leave")
        self.assertEqual([site.membership("yard", name) for name in CREW[:4]], ["join"] * 4, "nobody else is let go")
