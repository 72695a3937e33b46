"""Owners are asked to sign a room's review off, and do so by a reaction in Matrix."""

from harness import CORP, ENABLED_WITHOUT_PASSWORD, Client, MatrixError, Site, accounts, until
from scenario_11_auditor import Auditor

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}, owners: {group: "{p} Leads"}}
  {p}-deck: {name: Deck, members: {group: "{p} Crew"}}
guards:
  room_loses: {percent: 100, at_least: 50}
  room_gains: {percent: 100, at_least: 50}
"""
STAFF = ["amy", "ben", "cas", "dan"]
AUDITOR = "news"        # another account of every Debian, with no right to anything
YES, YES_AS_CLIENTS_SEND_IT, THUMB = "\u2705", "\u2705\ufe0f", "\U0001f44d"


class Review(Auditor):
    site = Site("rv")

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Crew": ["amy", "ben"], "Leads": ["amy"], "Auditors": []})
        accounts.make(CORP, AUDITOR, "Nell Auditor")
        site.directory.add_person(AUDITOR, "Nell", "Auditor", f"OU={site}", [site.group_dn("Auditors")],
                                  userAccountControl=ENABLED_WITHOUT_PASSWORD)
        site.group("Staff")
        site.members("Staff", STAFF)
        site.directory.add_to_group(f"CN={AUDITOR},{site.dn('amy').partition(',')[2]}", site.group_dn("Staff"))
        text = site.config.read_text().replace("group: root", f"group: {AUDITOR}")
        site.config.write_text(text + f"auditors: {{group: {site} Auditors}}\n")
        cls.open_to_the_auditor()
        site.start()
        site.apply(POLICY)
        site.settle(30)
        cls.amy, cls.ben = (Client.login(site.login(name)) for name in ("amy", "ben"))

    def setUp(self):
        if self.site.process is None:       # a test has failed between a crash and the next start
            self.site.start()

    # --- what people do

    def ask(self) -> None:
        """An auditor has the owner asked about the room."""
        said = self.audit("review", f"{self.site}-crew", "--ask", "--reason", "Q1 review", as_user=AUDITOR)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        asked = said.json["asked"]
        self.assertEqual([room["owners"] for room in asked], [[self.site.user("amy")]])

    def direct_room(self) -> str:
        """The room of amy and the bot; accepts its invitation."""
        for room, by in self.amy.invitations().items():
            if by == self.site.bot_id:
                self.amy.join(room)
        mine = [room for room in self.amy.joined_rooms()
                if (self.amy.state_content(room, "m.room.name") or {}).get("name") == "Rollcall"]
        return mine[0] if mine else ""

    def notices(self) -> list:
        """(event ID, content) of what the bot wrote to amy, oldest first."""
        room = self.direct_room()
        return [(event["event_id"], event["content"]) for event in reversed(self.amy.events(room))
                if event["type"] == "m.room.message" and event["sender"] == self.site.bot_id] if room else []

    def message(self, number: int) -> tuple:
        """The bot's message of that number, counted from 1, once it is there; there is no further one."""
        found = until(lambda: len(self.notices()) >= number and self.notices(), f"message {number} to amy", 15)
        self.assertEqual(len(found), number, [content["body"] for _, content in found])
        return found[-1]

    def review(self) -> dict:
        return self.site.ask("audit.review", room=f"{self.site}-crew")["rooms"][0]

    def signed(self) -> list:
        return self.site.trail(action="sign-off")

    # --- scenarios, in this order

    def test_an_owner_signs_off_by_a_reaction(self):
        site = self.site
        self.refused("root is nobody in the directory", "review", f"{site}-crew", "--ask", "--reason", "Q1",
                     as_user=None)
        self.ask()
        event, content = self.message(1)
        for part in ("“Crew”", "2 people", f"{site.login('amy')} (owner)", site.login("ben"), YES):
            self.assertIn(part, content["body"])
        self.assertIn(f'href="https://matrix.to/#/{site.user("ben")}"', content["formatted_body"])
        self.assertEqual(content["m.mentions"], {}, "nobody is called by it")
        self.assertEqual(site.status()["reviews"]["waiting"], 1)
        reaction = self.amy.react(self.direct_room(), event, YES_AS_CLIENTS_SEND_IT)
        entry = until(self.signed, "a sign-off in the trail")[0]
        self.assertEqual((entry["user"], entry["sender"], entry["event"], entry["source"]),
                         (site.user("amy"), site.user("amy"), reaction, "event"))
        self.assertIn(f"entry {entry['index']}", self.message(2)[1]["body"])
        review = self.review()
        self.assertEqual((review["signed_off"]["by"], review["signed_off"]["way"], review["signed_off"]["unchanged"]),
                         (site.user("amy"), "reaction", True))
        self.assertEqual(entry["review"], review["hash"])
        self.assertNotIn(content["body"], str(site.trail()), "what the bot wrote is not in the trail")

    def test_nobody_else_and_nothing_else_signs(self):
        site, before = self.site, len(self.signed())
        self.ask()
        shown = len(self.notices())
        event = until(lambda: "react" in self.notices()[-1][1]["body"] and self.notices()[-1], "the review")[0]
        direct, crew = self.direct_room(), site.room("crew")
        with self.assertRaises(MatrixError):    # a homeserver refuses that itself, where its own user does it
            self.amy.react(crew, event, YES)
        self.amy.invite(direct, site.user("ben"))
        self.ben.join(direct)
        self.ben.react(direct, event, YES)
        self.amy.react(direct, event, THUMB)
        said = self.amy.send(crew, "good morning")
        self.amy.react(crew, said, YES)
        end = site.trail_end()
        # What is told after all of these has been taken in: then so have they.
        site.add("dan", "Crew")
        site.wait("crew", "dan", "join")
        site.remove("dan", "Crew")
        site.wait("crew", "dan", "leave")
        site.settle()
        self.assertEqual(len(self.signed()), before)
        self.assertEqual([entry for entry in site.trail(end) if entry["kind"] == "notice"], [])
        self.assertGreaterEqual(len(self.notices()), shown)
        self.assertEqual(site.status()["reviews"]["waiting"], 1)

    def test_a_room_that_changed_is_shown_anew_and_then_signed(self):
        site, before = self.site, len(self.signed())
        self.ask()
        site.settle()
        number = len(self.notices())
        old = self.message(number)[0]
        site.add("cas", "Crew")
        site.wait("crew", "cas", "join")
        site.settle()
        self.amy.react(self.direct_room(), old, YES)
        event, content = self.message(number + 1)
        self.assertIn("has changed since you were asked", content["body"])
        self.assertIn(f"New since then: {site.login('cas')}", content["body"])
        self.assertEqual(len(self.signed()), before)
        self.amy.react(self.direct_room(), event, YES)
        entry = until(lambda: len(self.signed()) > before and self.signed()[-1], "a sign-off")
        self.assertEqual(entry["review"], self.review()["hash"])

    def test_a_crash_between_message_and_reaction_loses_nothing(self):
        site, before = self.site, len(self.signed())
        site.settle()
        number = len(self.notices())
        site.stop()
        site.start(failpoint="notice_sent")
        self.ask()
        site.dies("notice_sent")
        event = self.message(number + 1)[0]
        self.amy.react(self.direct_room(), event, YES)      # told to the daemon before it knows of its message
        site.start()
        entry = until(lambda: len(self.signed()) > before and self.signed()[-1], "a sign-off", 30)
        self.assertEqual(entry["user"], site.user("amy"))
        self.message(number + 2)
        site.settle()
        site.kill()
        site.start()
        site.settle()
        self.assertEqual(len(self.signed()), before + 1)
        self.assertEqual(len(self.notices()), number + 2, "nothing is said twice")
        self.assert_every_intent_ended()

    def test_who_owns_it_no_more_signs_nothing(self):
        site, before = self.site, len(self.signed())
        self.ask()
        site.settle()
        number = len(self.notices())
        event = self.message(number)[0]
        site.members("Leads", ["ben"])
        until(lambda: site.why("amy", "crew")["verdict"] == "member", "amy is no owner")
        site.settle()
        self.amy.react(self.direct_room(), event, YES)
        self.assertIn("not an owner of “Crew” any more", self.message(number + 1)[1]["body"])
        self.assertEqual(len(self.signed()), before)
        self.assertEqual(site.status()["reviews"]["waiting"], 0)

    def test_the_trail_verifies_afterwards(self):
        verified = self.site.cli("audit", "verify", json_out=True)
        self.assertEqual((verified.returncode, verified.json["faults"]), (0, []), verified.stdout + verified.stderr)
