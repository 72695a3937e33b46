"""What one request runs into keeps nobody else in: a path that a proxy serves wrongly, a room that cannot be read, a
partner's server that hangs, an invitation that is no more."""

import os
import signal
import time

from harness import PARTNER, Client, Scenario, Site, measured, until
from rollcall_lab import synapse

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-hall: {name: Hall, members: employees}
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}, owners: {user: {p}-amy}, who_invites: owners}
guards:
  departures: {at_most: 100, within: 1h}
"""
STAFF = ["amy", "ben", "cas", "dan", "eve", "fay", "gus", "hal", "ida"]


class OneTrouble(Scenario):
    site = Site("ot", homeserver_proxy=True)

    @classmethod
    def setUpClass(cls):
        cls.site.fill(STAFF, {"Staff": STAFF, "Crew": STAFF})
        cls.site.start()
        cls.site.apply(POLICY)
        cls.site.settle(30)
        cls.bob = Client.login("bob", PARTNER)

    def tearDown(self):
        self.site.to_homeserver.well()
        self.site.from_homeserver.well()

    def out(self, name: str, seconds: float, what: str, session_ends: bool = True) -> None:
        """Disabled now, and out of both rooms with no session left before the time is over."""
        site = self.site
        session = Client.login(site.login(name))
        site.directory.disable(site.login(name))
        began = time.monotonic()
        site.wait("hall", name, "leave", seconds)
        site.wait("crew", name, "leave", seconds)
        if session_ends:
            until(lambda: not session.signed_in(), "the session is over", seconds)
        measured(what, began)

    def invited_elsewhere(self, name: str, rooms: int) -> list:
        made = [self.bob.create_room(name=f"theirs {i}") for i in range(rooms)]
        for room in made:
            self.bob.invite(room, self.site.user(name))
        until(lambda: len(Client.login(self.site.login(name)).invitations()) >= rooms, "the invitations are there", 30)
        return made

    def test_1_a_look_that_fails_for_one_keeps_nobody_else_in(self):
        site = self.site
        site.to_homeserver.garbled("GET", "/devices", times=-1)
        site.directory.disable(site.login("ben"))
        site.wait("hall", "ben", "leave")
        until(lambda: "whether a session is left could not be seen" in str(site.status()["failures"]), "it is said", 20)
        self.out("cas", 3, "disabled, while a look at another's sessions fails → out")
        self.assertEqual(site.status()["homeserver"]["health"], "up")

    def test_2_a_sign_out_that_fails_keeps_nobody_else_in(self):
        site = self.site
        site.to_homeserver.broken("POST", "/logout/all", status=500)
        site.directory.disable(site.login("dan"))
        site.wait("hall", "dan", "leave")
        self.out("eve", 3, "disabled, while sign-outs fail → out of the rooms", session_ends=False)
        self.assertEqual(site.status()["homeserver"]["health"], "up")

    def test_3_a_partner_that_hangs_keeps_nobody_in(self):
        site = self.site
        self.invited_elsewhere("fay", 16)
        partner = synapse.daemon(PARTNER).pid()
        os.kill(partner, signal.SIGSTOP)
        try:
            site.directory.disable(site.login("fay"))
            site.wait("hall", "fay", "leave")
            self.out("gus", 3, "disabled, while a partner's server hangs → out")
            self.assertEqual(site.status()["homeserver"]["health"], "up")
        finally:
            os.kill(partner, signal.SIGCONT)

    def test_4_an_invitation_that_is_no_more_is_left(self):
        site = self.site
        rooms = self.invited_elsewhere("hal", 3)
        site.to_homeserver.delayed("PUT", "/state/m.room.member/.*hal", 3, times=3)
        site.directory.disable(site.login("hal"))
        for room in rooms:
            self.bob.kick(room, site.user("hal"))
        self.out("ida", 3, "disabled, while invitations of another are taken back → out")
        until(lambda: not [failure for failure in site.status()["failures"] if site.login("hal") in failure["action"]],
              "nothing is left to do about them", 60)
        self.assertEqual(site.status()["homeserver"]["health"], "up")

    def test_5_a_database_that_was_moved_away_is_said_to_be(self):
        site = self.site
        database = site.folder / "state" / "rollcall.db"
        aside = database.with_suffix(".aside")
        database.rename(aside)
        said = site.cli("check", "--online")
        self.assertEqual(said.returncode, 1, said.stdout)
        self.assertIn("rollcall.db is not there any more", " ".join(said.stdout.split()))
        self.assertEqual(site.cli("status", "--exit-code").returncode, 1)
        aside.rename(database)
        self.assertEqual(site.status()["store_text"], "")
