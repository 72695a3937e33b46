"""What happens to the homeserver and on the way to it: nothing is lost, nothing is done twice, status says so."""

import json
import time
import urllib.error
import urllib.request

from harness import CORP, Client, Scenario, Site, measured, until
from rollcall_lab import synapse

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
protected: ["@breakglass:corp.example.com"]
rooms:
  {p}-hall: {name: Hall, members: employees, owners: {user: {p}-amy}}
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}, owners: {user: {p}-amy}, who_invites: owners}
guards:
  removals: {at_most: 100, within: 1h}
  room_loses: {percent: 100, at_least: 50}
  room_gains: {percent: 100, at_least: 50}
  rooms: {created: 100, released: 100, within: 1h}
"""
ROOM = '  {p}-%s: {name: More, members: {group: "{p} Crew"}}\n'
STAFF = ["amy", "ben", "cas", "dan", "eve", "fay"]


class HomeserverFaults(Scenario):
    site = Site("hs", homeserver_proxy=True)
    extra: list = []

    @classmethod
    def setUpClass(cls):
        cls.site.fill(STAFF, {"Staff": STAFF, "Crew": ["amy", "ben", "cas"]})

    def setUp(self):
        if not self.site.process and "down_at_the_start" not in self._testMethodName:
            self.site.start()
            self.site.apply(POLICY)
            self.site.settle(30)

    def tearDown(self):
        self.site.to_homeserver.well()
        self.site.from_homeserver.well()

    def more_rooms(self, *keys) -> None:
        """A policy with these rooms besides; applied, not waited for."""
        type(self).extra += keys
        self.site.apply(POLICY.replace("guards:\n", "".join(ROOM % key for key in self.extra) + "guards:\n"))

    def assert_as_wanted(self) -> None:
        site = self.site
        for key in ("crew", *self.extra):
            self.assertEqual(site.joined(key), self.crew(), key)
        self.assert_no_room_twice()
        self.assert_every_intent_ended()

    def crew(self) -> set:
        return {"amy", "ben", "cas"} | self.added

    added: set = set()

    def test_a_homeserver_that_is_down_at_the_start_is_waited_for(self):
        site = self.site
        site.to_homeserver.refuse()
        site.write_policy(POLICY)
        site.start()
        until(lambda: site.status()["directory"]["read"], "the directory was read")
        site.apply()
        status = until(lambda: next((s for s in [site.status()] if s["homeserver"]["health"] == "down"), None), "down")
        self.assertTrue(status["homeserver"]["text"])
        site.to_homeserver.accept()
        site.settle(40)
        self.assertEqual(site.joined("hall"), set(STAFF))
        self.assert_as_wanted()

    def test_answers_429_are_waited_out(self):
        site, proxy = self.site, self.site.to_homeserver
        proxy.too_many("PUT|POST", "/(join|invite|createRoom|state)", retry_after_ms=700, times=8)
        self.more_rooms("limited")
        until(lambda: proxy.count("POST", "/createRoom") > 0 and site.status()["failures"], "the wait shows in status")
        site.settle(30)
        self.assert_as_wanted()

    def test_server_errors_are_retried(self):
        site, proxy = self.site, self.site.to_homeserver
        proxy.broken("PUT", "/(join|state)", status=500, times=4)
        proxy.broken("PUT|POST", ".", status=502, times=1)
        proxy.broken("PUT|POST", ".", status=500, times=1)
        proxy.broken("PUT|POST", ".", status=503, times=1)
        self.more_rooms("broken")
        site.settle(60)
        self.assert_as_wanted()

    def test_a_slow_homeserver_is_waited_for(self):
        site, proxy = self.site, self.site.to_homeserver
        proxy.delayed("PUT|POST", ".", 0.7, times=6)
        self.more_rooms("slow")
        site.settle(30)
        self.assert_as_wanted()

    def test_a_connection_torn_after_create_room_makes_no_second_room(self):
        site, proxy = self.site, self.site.to_homeserver
        proxy.cut_when("after", "POST", "/createRoom")
        proxy.cut_when("middle", "POST", "/createRoom")
        proxy.cut_when("before", "POST", "/createRoom")
        self.more_rooms("torn-a", "torn-b", "torn-c")
        site.settle(40)
        self.assert_as_wanted()

    def test_a_room_that_is_made_long_after_its_request_was_given_up_is_left_again(self):
        site, proxy = self.site, self.site.to_homeserver
        proxy.belated("POST", "/createRoom", 9)
        self.more_rooms("belated")
        until(lambda: "RC-DOUBLE" in site.log_end(200), "the second room is found and left", 60)
        site.settle(40)
        self.assert_as_wanted()

    def test_connections_torn_while_members_change_lose_and_double_nothing(self):
        site, proxy = self.site, self.site.to_homeserver
        for when in ("before", "after", "middle"):
            proxy.cut_when(when, "PUT|POST", "/(state|kick|join|leave|forget|invite)", times=3)
        site.members("Crew", ["amy", "dan", "eve", "fay"])
        for name, membership in (("dan", "join"), ("eve", "join"), ("fay", "join"), ("ben", "leave"), ("cas", "leave")):
            site.wait("crew", name, membership, 30)
        site.settle(30)
        site.members("Crew", ["amy", "ben", "cas"])
        site.wait("crew", "ben", "join")
        site.settle(30)
        self.assert_as_wanted()

    def test_the_inviter_is_told_once_although_the_answer_was_lost(self):
        site, proxy = self.site, self.site.to_homeserver
        proxy.cut_when("after", "POST", "/createRoom")
        proxy.cut_when("after", "PUT", "/send/m.room.message")
        amy, stranger = Client.login(site.login("amy")), Client.register(f"{site}-stranger")
        amy.invite(site.room("crew"), stranger.user_id)
        direct = until(lambda: next((room for room, by in amy.invitations().items() if by == site.bot_id), None),
                       "a direct room with the inviter", 20)
        site.settle(30)
        self.assertEqual([room for room, by in amy.invitations().items() if by == site.bot_id], [direct])
        amy.join(direct)
        told = [text for text in amy.messages(direct) if stranger.user_id in text]
        self.assertEqual(len(told), 1, told)
        self.assert_no_room_twice()

    def test_an_outage_that_begins_in_the_middle_of_a_fill_loses_nothing(self):
        site, proxy = self.site, self.site.to_homeserver
        proxy.forget()
        self.more_rooms("outage-a", "outage-b")
        until(lambda: proxy.count("POST", "/createRoom") >= 1, "the fill has begun")
        proxy.refuse()
        until(lambda: site.status()["homeserver"]["health"] == "down", "down")
        began = time.monotonic()
        proxy.accept()
        site.settle(40)
        measured("homeserver back → filled", began)
        self.assert_as_wanted()

    def test_kill_9_of_the_homeserver_loses_nothing(self):
        site = self.site
        self.more_rooms("crash-a", "crash-b")
        until(lambda: site.to_homeserver.count("POST", "/createRoom") >= 1, "the fill has begun")
        synapse.kill(CORP)
        synapse.start(CORP)
        site.settle(60)
        self.assert_as_wanted()
        # What happened in rooms while the daemon could not hear of it is found, too.
        site.add("dan", "Crew")
        site.wait("crew", "dan", "join", 30)
        site.remove("dan", "Crew")
        site.wait("crew", "dan", "leave", 30)
        site.settle(30)

    def test_transactions_that_do_not_arrive_are_made_up_for(self):
        site = self.site
        site.from_homeserver.refuse()
        amy = Client.login(site.login("amy"))
        amy.kick(site.room("crew"), site.user("ben"))
        stranger = Client.register(f"{site}-unheard")
        amy.invite(site.room("crew"), stranger.user_id)
        stranger.join(site.room("crew"))
        site.from_homeserver.accept()
        # Synapse sends again what was not acknowledged, after a wait of its own; a restart of the daemon asks for it.
        site.stop()
        site.start()
        site.wait("crew", "ben", "join", 30)
        site.wait("crew", stranger.user_id, "leave", 30)

    # --- what arrives at the appservice port

    def send(self, path: str, body: bytes, token: str | None = None, method: str = "PUT") -> tuple:
        """Straight to the daemon; (status, errcode)."""
        token = self.site.secret("hs_token") if token is None else token
        request = urllib.request.Request(f"http://{self.site.listen}{path}", body, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read()).get("errcode", "")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}").get("errcode", "")

    def transaction(self, name: str, events: list, **more) -> tuple:
        return self.send(f"/_matrix/app/v1/transactions/{name}", json.dumps({"events": events}).encode(), **more)

    def member_event(self, room: str, user: str, membership: str, sender: str, replaces: str = "", age: int = 0) -> dict:
        return {"type": "m.room.member", "room_id": room, "state_key": user, "sender": sender,
                "event_id": f"$made-up-{membership}-{age}", "origin_server_ts": int(time.time() * 1000) - age,
                "content": {"membership": membership}, "unsigned": {"replaces_state": replaces} if replaces else {}}

    def test_transactions_with_a_wrong_token_or_bad_bytes_get_the_answer_of_the_spec(self):
        site = self.site
        site.settle()
        before = site.trail_end()
        self.assertEqual(self.transaction("t1", [], token="wrong"), (403, "M_FORBIDDEN"))
        self.assertIn(self.transaction("t1", [], token="")[0], (401, 403))
        self.assertEqual(self.send("/_matrix/app/v1/transactions/t2", b'{"events": [')[0], 400)
        self.assertEqual(self.send("/_matrix/app/v1/transactions/t3", b'{"events": {}}')[0], 400)
        self.assertEqual(self.send("/_matrix/app/v1/transactions/t4", b"[" * 100_000)[0], 400)
        self.assertEqual(self.send("/_matrix/app/v1/nothing", b"{}")[0], 404)
        odd = [{"type": "org.example.unknown", "room_id": site.room("crew"), "sender": "@x:example.org",
                "event_id": "$odd", "content": {"a": 1}},
               {"type": "m.room.member", "room_id": "!nowhere:example.org", "state_key": "@x:example.org",
                "sender": "@x:example.org", "event_id": "$odd2", "content": {"membership": "join"}},
               {"type": 7}, "not an event"]
        self.assertIn(self.transaction("t5", odd)[0], (200, 400))
        site.settle()
        self.assertEqual(site.changed(before), [])

    def test_a_body_of_more_than_10_mb_is_answered_and_harms_nothing(self):
        site = self.site
        big = {"type": "org.example.big", "room_id": site.room("crew"), "sender": "@x:example.org", "event_id": "$big",
               "content": {"text": "x" * 65_000}}
        self.assertEqual(self.transaction("big-but-right", [big] * 160)[0], 200)     # 10.4 MB
        try:
            status = self.send("/_matrix/app/v1/transactions/huge", b'{"events": ["' + b"x" * (300 << 20) + b'"]}')[0]
        except (urllib.error.URLError, OSError):
            status = 413                                 # hung up while it was being sent
        self.assertIn(status, (400, 413))
        site.settle()

    def test_a_replayed_transaction_changes_nothing(self):
        site = self.site
        before = site.trail_end()
        note = {"type": "m.room.message", "room_id": site.room("crew"), "sender": site.user("amy"),
                "event_id": "$said", "content": {"body": "hello"}}
        for _ in range(3):
            self.assertEqual(self.transaction("same", [note]), (200, ""))
        site.settle()
        self.assertEqual(site.changed(before), [])

    def test_a_late_or_invented_event_decides_nothing(self):
        """An event that does not follow the one that is known makes the daemon look, not believe."""
        site = self.site
        before = site.trail_end()
        room, ben = site.room("crew"), site.user("ben")
        gone = self.member_event(room, ben, "leave", site.user("amy"), replaces="$not-the-one-that-is-held", age=60_000)
        came = self.member_event(room, "@ghost:example.org", "join", "@ghost:example.org", replaces="$never-seen", age=1)
        reads = site.to_homeserver.count("GET", "/state")
        self.assertEqual(self.transaction("late", [gone, came]), (200, ""))
        until(lambda: site.to_homeserver.count("GET", "/state") > reads, "the daemon looks for itself")
        site.settle()
        self.assertEqual(site.changed(before), [])
        self.assertEqual(site.membership("crew", "ben"), "join")

    def test_at_the_end_everything_is_as_wanted(self):
        self.site.settle()
        self.assert_as_wanted()
