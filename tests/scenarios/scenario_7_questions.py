"""An auditor's questions, answered from the trail alone and compared with what Synapse says."""

import csv
import datetime
import io
import json
import re
import subprocess
import time

from harness import CORP, PARTNER, PATIENCE, Client, CommandFailed, Scenario, Site, measured, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
  {p}-eng: {name: Engineering, members: {group: "{p} Eng"}, owners: {user: {p}-lead}}
  {p}-apollo:
    name: Project Apollo
    members: {group: "{p} Apollo"}
    owners: {user: {p}-lead}
    outsiders: approved
outsiders:
  anna: {who: "@anna:partner.example.org", rooms: [{p}-apollo], sponsor: {p}-lead, reason: Contract 2026-118, until: 2099-01-31}
guards:
  removals: {at_most: 100, within: 1h}
  room_loses: {percent: 100, at_least: 50}
  room_gains: {percent: 100, at_least: 50}
"""
STAFF = ["lead", "amy", "ben", "joiner", "leaver", "mover"]
ANNA = "@anna:partner.example.org"
ROOMS = ("eng", "apollo")
MOMENT = datetime.timedelta(seconds=2) * PATIENCE     # between what the homeserver says and what we say


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def parsed(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Questions(Scenario):
    site = Site("au")
    moments: list = []      # (when, room, who was in it as Synapse said then)

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Auditors": ["lead"], "Eng": ["lead", "amy", "leaver", "mover"],
                          "Apollo": ["lead", "ben", "leaver"]})
        site.group("Staff")
        site.members("Staff", STAFF)
        with open(site.config, "a") as config:
            config.write(f"auditors: {{group: {site} Auditors}}\n")
        cls.began = now()
        site.start()
        site.apply(POLICY, reason="the first policy")
        site.settle(30)
        cls.look()
        cls.story()

    @classmethod
    def look(cls):
        """What Synapse says of every room, at a moment when nothing is under way."""
        time.sleep(0.05)     # apart from what was done before, by more than the clock's grain
        for room in ROOMS:
            cls.moments.append((now(), room, set(cls.site.bot.joined(cls.site.room(room)))))
        time.sleep(0.05)

    @classmethod
    def story(cls):
        site = cls.site
        site.add("joiner", "Eng")
        site.wait("eng", "joiner", "join")
        site.settle()
        cls.look()
        site.remove("mover", "Eng")
        site.add("mover", "Apollo")
        site.wait("eng", "mover", "leave")
        site.wait("apollo", "mover", "join")
        site.settle()
        cls.look()
        anna = Client.login(ANNA, PARTNER)
        lead = Client.login(site.login("lead"))
        lead.invite(site.room("apollo"), ANNA)
        until(lambda: site.room("apollo") in anna.invitations(), "anna is invited")
        anna.join(site.room("apollo"), CORP)
        site.wait("apollo", ANNA, "join")
        site.settle()
        cls.look()
        cls.disabled = now()
        site.directory.disable(site.dn("leaver"))
        for room in ROOMS:
            site.wait(room, "leaver", "leave")
        site.settle()
        cls.look()
        without = POLICY.partition("outsiders:\n  anna:")
        site.apply(without[0] + "guards:" + POLICY.partition("guards:")[2], reason="the contract is over")
        site.wait("apollo", ANNA, "leave")
        site.settle()
        cls.look()

    def access(self, room: str, at: datetime.datetime) -> dict:
        began = time.monotonic()
        answer = self.site.ask("audit.access", room=f"{self.site}-{room}", at=at.isoformat())
        self.assert_prompt(time.monotonic() - began, 1)
        return answer

    @staticmethod
    def standing(answer: dict, wanted: str) -> dict:
        return {person["user"]: stay for person in answer["people"] for stay in person["stays"]
                if stay["standing"] == wanted}

    # --- who could read what when

    def test_access_at_each_moment_is_what_synapse_said_then(self):
        for when, room, joined in self.moments:
            said = set(self.standing(self.access(room, when), "joined"))
            self.assertEqual(said, joined, f"{room} at {when}")
        self.assertEqual(len({frozenset(joined) for _, _, joined in self.moments}), 9, "a story in which much happens")

    def test_access_says_since_when_and_on_whose_authority(self):
        site = self.site
        joined = self.standing(self.access("eng", now()), "joined")
        joiner = joined[site.user("joiner")]
        self.assertIn(f"{site} Eng", joiner["why"]["reason"])
        self.assertRegex(joiner["why"]["rule"], r"company\.yaml:\d+$")
        event = next(event for event in site.bot.state(site.room("eng"))
                     if event["type"] == "m.room.member" and event["state_key"] == site.user("joiner"))
        told = datetime.datetime.fromtimestamp(event["origin_server_ts"] / 1000, datetime.timezone.utc)
        self.assertLess(abs(parsed(joiner["from"]) - told), MOMENT)
        self.assertEqual(joiner["reads"][0]["from"], None, "the past is shared")

    def test_an_outsiders_access_names_sponsor_and_approver(self):
        apollo = [moment for moment in self.moments if ANNA in moment[2]]
        anna = self.standing(self.access("apollo", apollo[0][0]), "joined")[ANNA]
        self.assertEqual(anna["approval"]["sponsor"], f"{self.site}-lead")
        self.assertEqual(anna["approval"]["reason"], "Contract 2026-118")
        self.assertTrue(anna["approval"]["given_by"])
        self.assertEqual(anna["why"]["by"], self.site.user("lead"), "who invited her")
        self.assertIsNotNone(anna["reads"][0]["from"], "the past is not shared where outsiders may be")
        self.assertNotIn(ANNA, self.standing(self.access("apollo", now()), "joined"))

    def test_a_leaver_reads_nothing_after_the_forget(self):
        site = self.site
        answer = self.access("eng", now())
        self.assertNotIn(site.user("leaver"), {person["user"] for person in answer["people"]})
        period = site.ask("audit.access", user=site.user("leaver"), **{"from": self.began.isoformat()})
        rooms = {room["room"]: [stay["standing"] for stay in room["stays"]] for room in period["rooms"]}
        self.assertEqual(set(rooms), {f"{site}-eng", f"{site}-apollo"})
        for stays in rooms.values():
            self.assertEqual(stays[-2:], ["joined", "left"], "in, then out and not forgotten yet")
        for room in period["rooms"]:
            self.assertIsNotNone(room["stays"][-1]["to"], "until the forget")

    def test_before_the_room_was_known_the_answer_says_so(self):
        answer = self.access("eng", self.began - datetime.timedelta(days=30))
        self.assertEqual(answer["people"], [])
        self.assertGreater(parsed(answer["known_since"]), self.began)
        shown = self.site.cli("audit", "access", f"{self.site}-eng", "--at", "2020-01-01")
        self.assertIn("is not known", shown.stdout)

    # --- leavers

    def test_a_leaver_was_out_in_time(self):
        site = self.site
        answer = site.ask("audit.leavers", **{"from": self.began.isoformat()})
        self.assertEqual([row["user"] for row in answer["departures"]], [site.user("leaver")])
        row = answer["departures"][0]
        self.assertEqual((row["promise"], row["rooms"], row["remains"], row["unforgotten"]), ("kept", 2, [], []))
        self.assertLess(abs(parsed(row["said"]) - self.disabled), MOMENT)
        last = max(event["origin_server_ts"] for room in ROOMS for event in site.bot.state(site.room(room))
                   if event["type"] == "m.room.member" and event["state_key"] == site.user("leaver"))
        told = datetime.datetime.fromtimestamp(last / 1000, datetime.timezone.utc)
        self.assertLess(abs(parsed(row["last_left"]) - told), MOMENT)
        late = site.ask("audit.leavers", promise="1s", **{"from": self.began.isoformat()})
        self.assertEqual(late["departures"][0]["promise"], "kept" if row["took_ms"] <= 1000 else "missed")

    # --- one entry

    def test_show_tells_the_chain_of_cause(self):
        site = self.site
        entry = site.trail(user=site.user("leaver"), action="leave", kind="intent")[0]
        self.assertEqual(entry["evidence"]["attribute"], "userAccountControl")
        self.assertRegex(entry["evidence"]["guid"], r"^[0-9a-f-]{36}$")
        chain = site.ask("audit.show", number=entry["index"])["chain"]
        self.assertEqual([link["role"] for link in chain][:3], ["policy", "directory", "intent"])
        self.assertEqual(chain[-1]["role"], "result")
        shown = site.cli("audit", "show", str(entry["index"]))
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for word in ("userAccountControl", "directory said", "what came of it"):
            self.assertIn(word, shown.stdout)

    # --- review and sign-off

    def test_a_review_names_everybody_in_each_form(self):
        site = self.site
        for room in ROOMS:
            joined = set(site.bot.joined(site.room(room)))
            page = site.cli("audit", "review", f"{site}-{room}", "--format", "html")
            self.assertEqual(page.returncode, 0, page.stderr)
            self.assertNotRegex(page.stdout, r"(src|href)=", "needs nothing beside it")
            for user in joined:
                self.assertIn(user, page.stdout)
            table = site.cli("audit", "review", f"{site}-{room}", "--format", "csv")
            rows = list(csv.DictReader(io.StringIO(table.stdout.removeprefix("\ufeff"))))
            self.assertEqual({row["user"] for row in rows}, joined)
            self.assertTrue(all(row["reason"] and row["since"] for row in rows), rows)

    def test_root_cannot_sign_off(self):
        refused = self.site.cli("audit", "sign-off", f"{self.site}-eng", "--review", "3f2a91c0", "--reason", "looked at it")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no auditor", refused.stderr)
        self.assertEqual(self.site.trail(action="sign-off"), [])

    # --- export

    def test_an_export_has_every_entry_once_in_each_form(self):
        site = self.site
        began = time.monotonic()
        entries = site.trail()
        for form in ("jsonl", "csv", "ocsf", "cef", "syslog"):
            done = site.cli("audit", "export", "--format", form, "--to", entries[-1]["time"])
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stdout.splitlines()
            if form == "csv":
                self.assertEqual(done.stdout[0], "\ufeff", "or Excel takes it for another encoding")
                rows = list(csv.DictReader(io.StringIO(done.stdout[1:])))
                numbers = [int(row["index"]) for row in rows]
            elif form == "syslog":
                pattern = re.compile(r"^<10[89]>1 \d{4}-\S+Z \S+ rollcall - \w+ - \ufeff(\{.*\})$")
                numbers = [json.loads(pattern.match(line)[1])["index"] for line in lines]
            elif form == "cef":
                numbers = [int(re.search(r"externalId=(\d+)", line)[1]) for line in lines]
                self.assertTrue(all(line.startswith("CEF:0|Rollcall|") for line in lines))
            else:
                found = [json.loads(line) for line in lines]
                numbers = [entry["index"] if form == "jsonl" else entry["metadata"]["sequence"] for entry in found]
                if form == "ocsf":
                    self.assertTrue(all(event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
                                        for event in found))
            self.assertEqual(numbers[:len(entries)], [entry["index"] for entry in entries], form)
        measured(f"five exports of {len(entries)} entries", began)

    def test_what_is_no_question_is_refused(self):
        for command, arguments in (("audit.access", {"room": "nowhere"}), ("audit.access", {}),
                                   ("audit.show", {"number": 10**9}), ("audit.leavers", {"from": "yesterday"})):
            with self.assertRaises(CommandFailed):
                self.site.ask(command, **arguments)

    def test_an_apply_from_a_checkout_records_its_commit(self):
        site = self.site
        folder = site.policy_file.parent
        site.write_policy(POLICY.replace("name: Engineering", "name: Engineers"))

        def git(*words):
            return subprocess.run(["git", "-C", folder, "-c", "user.name=Anna", "-c", "user.email=anna@corp.example.com",
                                   *words], check=True, capture_output=True, text=True).stdout.strip()
        git("init", "-q")
        git("add", ".")
        git("-c", "commit.gpgsign=false", "commit", "-q", "-m", "Call them engineers")
        applied = site.cli("apply", "--yes", "--reason", "a better name")
        self.assertEqual(applied.returncode, 0, applied.stdout + applied.stderr)
        entry = site.trail(kind="policy", action="apply")[-1]
        self.assertEqual(entry["checkout"], {"commit": git("rev-parse", "HEAD"), "signature": "N"})
        self.assertEqual(entry["reason"], "a better name")


class Renamed(Scenario):
    site = Site("rk")

    def test_a_room_under_another_key_stays_the_room_and_all_of_its_past_is_found(self):
        site = self.site
        site.fill(["lead", "amy", "ben"], {"Crew": ["lead", "amy"]})
        site.start()
        policy = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {any: [{user: {p}-lead}, {user: {p}-amy}, {user: {p}-ben}]}
rooms:
  {p}-crew: {name: Crew, members: {group: "{p} Crew"}, owners: {user: {p}-lead}}
"""
        site.apply(policy)
        site.settle(30)
        site.wait("crew", "amy", "join")
        room, made, last = site.room("crew"), site.made_rooms(), site.trail_end()
        plan = site.apply(policy.replace("{p}-crew: {", "{p}-deck: {formerly: {p}-crew, "))["plan"]
        self.assertEqual([(change["path"], change["before"], change["after"], change["danger"]) for change in plan["policy_changes"]],
                         [(f"rooms.{site}-deck", f"rooms.{site}-crew", f"rooms.{site}-deck", ""),
                          (f"rooms.{site}-deck.alias", f"{site}-crew", f"{site}-deck", "")])
        self.assertEqual(set(plan["counts"]), {"claim_alias"}, plan["counts"])
        site.settle(30)
        self.assertEqual(site.room("deck"), room)
        self.assertEqual(site._at(f"#{site}-crew:{CORP.name}"), room, "whoever has the former address in a link finds it")
        self.assertEqual(site.bot.state_content(room, "m.room.canonical_alias")["alias"], f"#{site}-deck:{CORP.name}")
        self.assertEqual((site.changed(last), site.made_rooms()), ([], made), "nobody is moved, and no room is made")
        site.kill()
        site.start()
        site.settle(30)
        self.assertEqual((site.changed(last), site.made_rooms()), ([], made))
        site.remove("amy", "Crew")
        site.wait("deck", "amy", "leave")
        site.settle()
        for key in ("crew", "deck"):
            access = site.ask("audit.access", **{"room": f"{site}-{key}", "from": "2001-01-01"})
            self.assertEqual(access["room"], f"{site}-deck")
            stays = {person["user"]: person["stays"] for person in access["people"]}
            self.assertEqual(stays[site.user("amy")][0]["standing"], "joined")
            self.assertLess(stays[site.user("amy")][0]["why"]["entry"], last, "from before the room was renamed")
            self.assertIsNotNone(stays[site.user("amy")][0]["to"])
        self.assertEqual(site.why("ben", "crew")["key"], f"{site}-deck")
        self.assert_every_intent_ended()
        self.assertEqual(site.cli("audit", "verify").returncode, 0)


class SwappedAddresses(Scenario):
    site = Site("sw")

    def test_two_rooms_of_the_policy_change_addresses_and_change_back(self):
        site = self.site
        site.fill(["amy"], {"Crew": ["amy"]})
        site.start()
        policy = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {user: {p}-amy}
rooms:
  {p}-one: {name: One, alias: {p}-left, members: {group: "{p} Crew"}}
  {p}-two: {name: Two, alias: {p}-right, members: {group: "{p} Crew"}}
"""
        site.apply(policy)
        site.settle(30)
        one, two = site.room("left"), site.room("right")
        swapped = policy.replace("-left", "-middle").replace("-right", "-left").replace("-middle", "-right")
        for text, left, right in ((swapped, two, one), (policy, one, two)):
            self.assertEqual(site.apply(text)["plan"]["diagnostics"], [], "they lead to no room but the policy's own")
            site.settle(30)
            for address, room in (("left", left), ("right", right)):
                full = f"#{site}-{address}:{CORP.name}"
                self.assertEqual(site.bot.resolve(full), room)
                self.assertEqual(site.bot.state_content(room, "m.room.canonical_alias")["alias"], full)
            self.assertEqual(site.status()["alias_conflicts"], [])
        self.assert_every_intent_ended()
