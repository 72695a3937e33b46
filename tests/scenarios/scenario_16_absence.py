"""What cannot be understood is no absence: a banned name with a control character, a page of HTML for a room's state,
a room that the bot has left, one
that is no more."""

import re

from harness import CORP, PARTNER, Client, Scenario, Site, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-one:
    name: One
    members: {group: "{p} Team"}
    owners: {user: {p}-lead}
    who_invites: owners
  {p}-two:
    name: Two
    members: {group: "{p} Team"}
    owners: {user: {p}-lead}
  {p}-three:
    name: Three
    members: {group: "{p} Team"}
    owners: {user: {p}-lead}
"""
BOB = "@bob:partner.example.org"
STRANGE = "@\u0007y:corp.example.com"


class Absence(Scenario):
    site = Site("ab", homeserver_proxy=True)

    @classmethod
    def setUpClass(cls):
        site = cls.site
        people = ["lead", "amy", "ben", "cleo", "dan", "eve", "finn"]
        site.fill(people, {"Staff": people, "Team": people})
        site.start()
        site.apply(POLICY)
        site.settle(30)
        cls.lead = Client.login(site.login("lead"))

    def said(self, part: str) -> int:
        return (self.site.folder / "log").read_text(errors="replace").count(part)

    def test_1_a_ban_of_a_strange_name_blinds_nobody(self):
        site, room = self.site, self.site.room("one")
        self.lead.ban(room, STRANGE)
        until(lambda: any(entry.get("user") == STRANGE for entry in site.trail()), "the ban is on record")
        site.stop()
        site.start()          # all rooms are read
        site.settle(30)
        self.assertEqual(site.status()["rooms"]["lost"], 0)
        self.assertEqual(self.said("RC-ROOM-LOST"), 0)
        site.remove("amy", "Team")
        site.wait("one", "amy", "leave")
        site.directory.disable(site.dn("ben"))
        site.wait("one", "ben", "leave")
        self.assertEqual(site.bot.members(room)[STRANGE], "ban", "it stands")

    def test_2_a_page_of_html_for_a_rooms_state_loses_no_room(self):
        site, room = self.site, self.site.room("one")
        bob = Client.login(BOB, PARTNER)
        for outage in (False, True):
            site.from_homeserver.refuse()        # only a look shows that he is there
            if outage:
                site.to_homeserver.refuse()
                site.remove("finn", "Team")
                until(lambda: site.status()["homeserver"]["health"] == "down", "the daemon notices", 30)
            else:
                site.stop()
            self.bring(bob, room)
            site.to_homeserver.garbled("GET", "/state$", times=2)
            if outage:
                site.to_homeserver.accept()
            else:
                site.start()
            until(lambda: site.bot.members(room).get(BOB) == "leave", "bob is out again", 40)
            site.to_homeserver.well()
            site.from_homeserver.accept()
            until(lambda: site.bot.state_content(room, "m.room.server_acl")["allow"] != ["*"], "the daemon's own ACL is back", 40)
            site.settle(40)
        self.assertEqual(site.status()["rooms"]["lost"], 0)
        self.assertEqual(self.said("RC-ROOM-LOST"), 0)

    def bring(self, bob: Client, room: str) -> None:
        """Bob is in the room, which his server is let into for a moment by the bot's own hand."""
        site = self.site
        site.bot.set_state(room, "m.room.server_acl", {"allow": ["*"], "deny": [], "allow_ip_literals": True})
        site.bot.invite(room, BOB)
        until(lambda: room in bob.invitations(), "bob is invited")
        bob.join(room, CORP)
        until(lambda: site.bot.members(room).get(BOB) == "join", "bob is in")

    def test_3_a_room_that_the_bot_has_left_is_left_by_who_must_be_out(self):
        site, room = self.site, self.site.room("two")
        site.bot.leave(room)
        until(lambda: site.status()["rooms"]["lost"] == 1, "the daemon knows")
        self.assertEqual(self.said("RC-ROOM-LOST"), 1)
        site.directory.disable(site.dn("cleo"))
        site.remove("dan", "Team")
        until(lambda: {site.user("cleo"), site.user("dan")}.isdisjoint(self.lead.joined(room)), "both are out")
        site.wait("one", "cleo", "leave")
        site.person("gwen", ["Staff", "Team"])
        site.wait("one", "gwen", "join", 20)
        plan = site.ask("plan")
        lines = [line for shown in plan["rooms"] if shown["key"] == f"{site}-two" for line in shown["lines"]]
        self.assertEqual([line for line in lines if line["kind"] == "add"], [], "nothing is promised there")
        self.assertIn(f"the bot is not in #{site}-two", " ".join(plan["room_trouble"]))
        shown = site.cli("status").stdout
        self.assertIn("The bot is no longer in 1 room", shown)
        self.assertIn("joining waits: the bot is not in this room",
                      site.cli("why", site.login("gwen"), f"{site}-two").stdout)

    def test_4_whoever_takes_the_admin_rooms_address_first_hears_nothing(self):
        site, address = self.site, f"{self.site}-admins"
        finn = Client.login(site.login("finn"))
        theirs = finn.create_room(room_alias_name=address, preset="private_chat", invite=[site.bot_id])
        ours = self.lead.create_room(preset="private_chat", invite=[site.bot_id])

        def start(admin_room: str) -> None:
            site.stop()
            text = re.sub(r"(?m)^  admin_room: .*\n", "", site.config.read_text())
            site.config.write_text(text.replace("appservice:\n", f"appservice:\n  admin_room: {admin_room}\n", 1))
            site.start()

        def told(client: Client, room: str) -> str:
            return " ".join(client.messages(room))

        start(address)
        until(lambda: site.status()["admin_room_text"], "the bot has seen whose room that is", 20)
        site.bot.leave(site.room("one"))
        until(lambda: site.status()["backlog"]["notices"] == 1, "there is something to tell")
        made = f"leads to {theirs}, which {site.user('finn')} made"
        self.assertIn(made, " ".join(site.cli("status").stdout.split()))
        check = site.cli("check", "--online")
        self.assertEqual(check.returncode, 1)
        self.assertIn(made, " ".join(check.stdout.split()))
        self.assertEqual(told(finn, theirs), "")
        start(f'"{ours}"')
        until(lambda: f"The bot is not in #{site}-one" in told(self.lead, ours), "the admins are told", 20)
        self.assertEqual(site.status()["admin_room_text"], "")
        self.assertEqual(told(finn, theirs), "")
        # Who comes in meanwhile is seen as somebody sees it who belongs there; a stranger of this server leaves.
        stranger, room = Client.register(f"{site}-stranger"), site.room("one")
        carol = "@carol:partner.example.org"
        self.lead.invite(room, stranger.user_id)
        self.lead.invite(room, carol)
        stranger.join(room)
        until(lambda: "who comes in is seen in the name of @" in str(site.status()["room_trouble"]), "it looks", 90)
        until(lambda: stranger.user_id not in self.lead.joined(room), "the stranger is out", 90)
        until(lambda: f"{carol} cannot be taken out of #{site}-one: the bot is not in it" in str(site.status()["stays"]),
              "who cannot be taken out is named", 90)
        self.lead.invite(site.room("one"), site.bot_id)
        until(lambda: f"The bot is in #{site}-one again" in told(self.lead, ours), "and that it is over", 90)

    def test_5_a_room_that_is_no_more_has_nobody_in_it(self):
        site = self.site
        lost = site.status()["rooms"]["lost"]
        room = site.room("three")
        Client.breakglass().purge(room)
        until(lambda: site.status()["rooms"]["lost"] == lost + 1, "the daemon notices", 90)
        site.directory.disable(site.dn("eve"))
        site.remove("gwen", "Team")

        def kept() -> dict:
            rows = [row["parts"] for row in site.ask("audit.leavers")["departures"] if row["user"] == site.user("eve")]
            return {part: row[part]["kept"] for row in rows for part in row}

        until(lambda: kept().get("rooms") == "kept", "eve is out of every room", 30)
        until(lambda: kept()["past"] == "kept", "and has forgotten them", 30)
        until(lambda: any(entry.get("user") == site.user("gwen") and entry.get("room_key") == f"{site}-three"
                          and entry.get("result", "").startswith("done") for entry in site.trail()), "so is gwen", 30)
        self.assertEqual(site.status()["failures"], [])
        self.assertIn("if the room is no more, take it out of the policy", " ".join(site.cli("status").stdout.split()))

    def test_6_a_room_of_the_two_that_is_no_more_has_a_successor(self):
        site, room = self.site, self.site.room("one")

        def direct() -> str:
            return next((room for room, by in self.lead.invitations().items() if by == site.bot_id), "")

        def told_of(outsider: str) -> str:
            self.lead.invite(room, outsider)
            made = until(direct, "the bot writes to whoever invited them", 30)
            self.lead.join(made)
            until(lambda: any(outsider in text for text in self.lead.messages(made)), "and says why", 20)
            return made

        site.bot.leave(told_of(BOB))
        Client.breakglass().purge(told_of("@anna:partner.example.org"))
        told_of("@carol:partner.example.org")
