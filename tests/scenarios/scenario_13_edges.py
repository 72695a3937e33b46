"""Edges of deciding: a Matrix ID that was the wrong one, a sponsor who is no employee any more, and the way back for
somebody who left."""

import contextlib

from harness import CORP, PARTNER, Client, MatrixError, Scenario, Site, accounts, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  identities: []
  employees: {group: "{p} Staff"}
rooms:
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}, owners: {user: {p}-lead}}
  {p}-guests:
    name: Guests
    members: {group: "{p} Crew"}
    owners: {user: {p}-lead}
    outsiders: approved
outsiders:
  bob: {who: "@bob:partner.example.org", rooms: [{p}-guests], sponsor: {p}-sponsor, reason: Contract 2026-119, until: 2099-01-31}
guards: {canaries: [rollcall-canary], room_loses: {percent: 50, at_least: 10}}   # of five people
"""
STAFF = ["lead", "sponsor", "jdo", "quitter"]
BOB = "@bob:partner.example.org"


class Edges(Scenario):
    site = Site("eg")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Staff": STAFF, "Crew": STAFF})
        accounts.make(CORP, f"{site}-right", "The right one")
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def person(self, name: str) -> Client:
        return Client.login(self.site.login(name))

    def test_N7_a_matrix_id_that_was_the_wrong_one_is_corrected_and_nobody_elses(self):
        site = self.site
        wrong, right = site.user("jdo"), site.user("right")
        self.assertEqual(site.membership("crew", "jdo"), "join")
        shown = site.apply(POLICY.replace("identities: []", f'identities: [{{user: {{p}}-jdo, matrix_id: "{right}"}}]'))
        lines = [(line["kind"], line["user"], line["reason"]) for room in shown["plan"]["rooms"]
                 for line in room["lines"] if room["key"] == f"{site}-crew"]
        self.assertIn(("remove", wrong, f"{site}-jdo's Matrix ID is another one now"), lines)
        self.assertIn(right, [user for action, user, _ in lines if action == "add"])
        for room in ("crew", "guests"):
            site.wait(room, "jdo", "leave")
            site.wait(room, "right", "join")
        site.settle()
        self.person("jdo").joined_rooms()                # whoever's account it is: their sessions go on
        self.assertEqual(site.ask("plan")["actions"], 0)
        for attribute, value in (("userPrincipalName", f"{site}-renamed@corp.example.com"),
                                 ("sAMAccountName", f"{site}-renamed")):
            site.directory.set_attribute(site.dn("jdo"), attribute, value)
        site.person("jane", ["Staff", "Crew"], account=False)
        site.directory.set_attribute(site.dn("jane"), "sAMAccountName", site.login("jdo"))
        conflict = until(lambda: next(iter(site.status()["conflicts"]), None), "a conflict in status")
        self.assertIn(f"would be {wrong}, which was", conflict)
        site.settle()
        self.assertEqual(site.membership("crew", "jdo"), "leave")

    def test_an_approval_ends_when_its_sponsor_is_no_employee_any_more(self):
        site = self.site
        bob = Client.login(BOB, PARTNER)
        self.person("lead").invite(site.room("guests"), BOB)
        until(lambda: site.room("guests") in bob.invitations(), "bob is invited")
        bob.join(site.room("guests"), CORP)
        site.wait("guests", BOB, "join")
        site.settle()
        site.remove("sponsor", "Staff")                  # neither disabled nor gone
        site.wait("guests", BOB, "leave")
        said = site.cli("check", "--online")
        self.assertIn("the approval bob does not hold", said.stdout + said.stderr)
        self.assertIn("is not an employee", said.stdout + said.stderr)
        site.add("sponsor", "Staff")

    def test_who_left_comes_back_by_being_taken_out_and_put_back(self):
        site = self.site
        quitter = self.person("quitter")
        quitter.leave(site.room("crew"))
        site.wait("crew", "quitter", "leave")
        site.settle()
        self.assertEqual(site.membership("crew", "quitter"), "leave")
        before = site.trail_end()
        site.remove("quitter", "Crew")
        until(lambda: ("forget", f"{site}-crew", quitter.user_id) in site.changed(before), "the past is taken away")
        site.settle()
        site.add("quitter", "Crew")
        site.wait("crew", "quitter", "join")


class SpaceOfOwners(Scenario):
    """Who owns a space may invite into it, and lets nobody into the rooms that stand there."""
    site = Site("so")

    def test_whoever_is_let_into_a_space_by_an_owner_reads_none_of_its_rooms(self):
        site = self.site
        site.fill(["lead", "amy"], {"Staff": ["lead", "amy"]})
        accounts.make(CORP, f"{site}-eve", "Eve")
        site.start()
        site.apply("""
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
spaces:
  {p}-house: {name: House, members: employees, owners: {user: {p}-lead}, who_invites: owners}
rooms:
  {p}-hall: {name: Hall, space: {p}-house, members: employees}
""")
        site.settle(30)
        lead, eve = (Client.login(site.login(name)) for name in ("lead", "eve"))
        hall, house = site.room("hall"), site.room("house")
        lead.send(hall, "for employees only")
        for _ in range(5):
            lead.invite(house, site.user("eve"))
            with contextlib.suppress(MatrixError):       # the invitation may be taken back before she takes it
                eve.join(house)
            with self.assertRaises(MatrixError) as refused:
                eve.join(hall)
            self.assertEqual(refused.exception.status, 403)
            site.wait("house", "eve", "leave")
        self.assertNotIn("join", {site.membership("hall", "eve")})
        self.assertEqual(site.bot.state_content(hall, "m.room.join_rules")["join_rule"], "invite")
