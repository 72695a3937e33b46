"""kill -9 at any moment, a second daemon, a full disk: the rooms converge, no action twice, none lost."""

import os
import random
import shutil
import subprocess
import time

from harness import Client, Scenario, Site, program, until

POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
spaces:
  {p}-company: {name: Example Corp, members: employees}
rooms:
  {p}-hall: {name: Hall, space: {p}-company, members: employees, owners: {user: {p}-amy}}
  {p}-crew: {name: Crew, space: {p}-company, members: {group: "{p} Crew"}, owners: {user: {p}-amy}}
  {p}-deck: {name: Deck, space: {p}-company, members: {group: "{p} Crew"}, owners: {user: {p}-amy}, who_invites: owners}
guards:
  removals: {at_most: 1000, within: 1h}
  departures: {at_most: 1000, within: 1h}
  room_loses: {percent: 100, at_least: 500}
  room_gains: {percent: 100, at_least: 500}
  rooms: {created: 100, released: 100, within: 1h}
"""
ROOM = '  {p}-%s: {name: More, space: {p}-company, members: {group: "{p} Core"}}\n'
STAFF = ["amy", "ben", "cas", "dan", "eve", "fay", "gus", "hal"]
HALF = STAFF[:4]
# Where the program kills itself (daemon/failpoint.h), and what makes it come there.
FAILPOINTS = {"before_commit": "swap", "after_commit": "swap", "after_release": "swap", "after_answer": "swap",
              "after_commit:3": "swap", "after_answer:3": "swap", "room_made": "room", "during_fill": "room",
              "during_fill:3": "room", "closed": "room", "signed_out": "leaver", "notice_sent": "guest"}
MOMENTS = (0.02, 0.08, 0.2, 0.35, 0.6, 1.0)     # seconds after the work began; chance adds to each


class Crashes(Scenario):
    site = Site("cr")
    rooms: list = []
    direct = 0                               # rooms in which the bot has written to somebody

    @classmethod
    def setUpClass(cls):
        site = cls.site
        site.fill(STAFF, {"Staff": STAFF, "Crew": HALF, "Core": HALF})
        site.start()
        site.apply(POLICY)
        site.settle(30)

    def setUp(self):
        if self.site.process is None or self.site.process.poll() is not None:   # a test has failed between a crash and the next start
            self.site.start()

    def policy(self) -> str:
        return POLICY.replace("guards:\n", "".join(ROOM % key for key in self.rooms) + "guards:\n")

    def crash_after(self, seconds: float) -> None:
        """Dies some moments from now: a crash is the one thing that is timed by the clock."""
        time.sleep(seconds + random.random() * 0.05)
        self.site.kill()
        self.site.start()

    def assert_as_wanted(self, crew) -> None:
        site = self.site
        for key in ("hall", "company"):
            self.assertEqual(site.joined(key), set(STAFF), key)
        for key in ("crew", "deck"):
            self.assertEqual(site.joined(key), set(crew), key)
        for key in self.rooms:
            self.assertEqual(site.joined(key), set(HALF), key)
        self.assert_no_room_twice()
        self.assert_every_intent_ended()
        self.assertEqual(len(site.bot.joined_rooms()), 4 + len(self.rooms) + self.direct,
                         "rooms without an owner in the policy")

    def test_kill_9_in_the_middle_of_a_fill_makes_no_room_twice_and_loses_nobody(self):
        site = self.site
        for number, moment in enumerate(MOMENTS):
            type(self).rooms += [f"fill{number}a", f"fill{number}b"]
            site.apply(self.policy())
            self.crash_after(moment)
            site.settle(40)
        self.assert_as_wanted(HALF)

    def test_kill_9_in_the_middle_of_removals_and_additions_leaves_nobody_between(self):
        site = self.site
        now, then = HALF, ["amy", *STAFF[4:]]
        for moment in MOMENTS:
            site.members("Crew", then)
            self.crash_after(moment)
            for key in ("crew", "deck"):
                for name in set(now) - set(then):
                    site.wait(key, name, "leave", 40)
                for name in set(then) - set(now):
                    site.wait(key, name, "join", 40)
            site.settle(40)
            now, then = then, now
        self.assert_as_wanted(now)
        # Nobody was removed or added twice for one cause: a crash repeats no announcement.
        for name in STAFF[1:]:
            leaves = [c for c in site.changed(0) if c[0] == "leave" and c[1] == f"{site}-crew" and c[2] == site.user(name)]
            self.assertLessEqual(len(leaves), len(MOMENTS) // 2, name)

    def test_kill_9_in_the_middle_of_a_departure_finishes_it(self):
        site = self.site
        person = site.person("goner", ["Staff", "Crew", "Core"])
        site.wait("crew", "goner", "join")
        site.settle()
        client, host = Client.login(person), Client.login(site.login("ben"))
        unmanaged = host.create_room(preset="public_chat")
        client.join(unmanaged)
        site.directory.disable(site.dn("goner"))
        self.crash_after(0.1)
        for key in ("crew", "deck", "hall", "company", *self.rooms):
            site.wait(key, "goner", "leave", 20)
        until(lambda: host.members(unmanaged)[client.user_id] == "leave", "out of the unmanaged room", 20)
        until(lambda: not client.signed_in(), "signed out", 20)
        site.settle()
        self.assert_every_intent_ended()

    # --- at named points

    def swap(self, _) -> None:
        self.crew = {"amy", *STAFF[4:]} if self.crew == set(HALF) else set(HALF)
        self.site.members("Crew", sorted(self.crew))

    def make_room(self, _) -> None:
        type(self).rooms += [f"point{len(self.rooms)}"]
        self.site.write_policy(self.policy())
        self.apply_if_it_lives()

    def apply_if_it_lives(self) -> None:
        try:
            self.site.apply()
        except (OSError, EOFError):
            pass                                        # it died before the answer

    def leaver(self, name) -> None:
        self.site.directory.disable(self.site.dn(name))

    def guest(self, name) -> None:
        type(self).direct = 1
        amy, self.stranger = Client.login(self.site.login("amy")), Client.register(f"{self.site}-{name}")
        amy.invite(self.site.room("deck"), self.stranger.user_id)

    def notices_about(self, user: str) -> int:
        bot = self.site.bot
        return sum(user in text for room in bot.joined_rooms() for text in bot.messages(room))

    def kill_9_at(self, point: str, work: str) -> None:
        site = self.site
        name = point.replace("_", "").replace(":", "")
        self.crew = site.joined("crew")
        if work == "leaver":
            site.person(name, ["Staff"])
            site.wait("hall", name, "join")
        site.settle(40)
        site.stop()
        site.start(failpoint=point)
        {"swap": self.swap, "room": self.make_room, "leaver": self.leaver, "guest": self.guest}[work](name)
        site.dies(point)
        site.start()
        if work == "room":
            site.apply()                                # perhaps it died before that was stored
        until(lambda: site.joined("crew") == self.crew, "the crew is as the directory has it", 30)
        if work == "leaver":
            site.wait("hall", name, "leave", 20)
        if work == "guest":
            site.wait("deck", self.stranger.user_id, "leave", 20)
        site.settle(60)
        if work == "guest":
            self.assertEqual(self.notices_about(self.stranger.user_id), 1)
        self.assert_as_wanted(self.crew)

    def test_kill_9_while_it_settles_what_the_last_one_left(self):
        site = self.site
        self.crew = site.joined("crew")
        site.settle(40)
        site.stop()
        site.start(failpoint="after_commit")
        self.make_room(None)
        site.dies("after_commit")
        site.start(wait=False, failpoint="settle")
        site.dies("settle")
        site.start()
        site.apply()
        site.settle(60)
        self.assert_as_wanted(self.crew)

    def test_what_happened_while_the_daemon_was_down_is_caught_up_with(self):
        site = self.site
        crew = site.joined("crew")
        gone = sorted(crew - {"amy"})[0]
        site.kill()
        site.remove(gone, "Crew")
        Client.login(site.login("amy")).kick(site.room("hall"), site.user("cas"))
        site.start()
        site.wait("crew", gone, "leave", 20)
        site.wait("hall", "cas", "join", 20)
        site.settle(30)
        self.assert_as_wanted(crew - {gone})

    def test_the_trail_survives_crashes_whole_and_in_order(self):
        entries = self.site.trail()
        self.assertEqual([entry["index"] for entry in entries],
                         list(range(entries[0]["index"], entries[0]["index"] + len(entries))))
        self.assert_every_intent_ended()

    def test_sigterm_ends_the_daemon_in_order_while_it_works(self):
        site = self.site
        crew = site.joined("crew")
        type(self).rooms += ["last-a", "last-b"]
        site.apply(self.policy())
        site.stop()                                      # asserts exit status 0
        site.start()
        site.settle(30)
        self.assert_as_wanted(crew)

    def test_a_second_daemon_on_the_same_state_folder_is_refused_with_the_pid_of_the_first(self):
        site = self.site
        second = subprocess.run([program(), "run", "-c", site.config], capture_output=True, text=True, timeout=20)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(str(site.process.pid), second.stderr)
        self.assertTrue(site.status()["policy"]["in_force"], "the first one goes on")

    def test_a_full_disk_stores_nothing_half_says_so_and_goes_on_when_there_is_room(self):
        site = self.site
        small = site.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs", small],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
        state, ballast = site.folder / "state", small / "ballast"
        site.stop()
        try:
            for file in state.iterdir():
                shutil.move(file, small / file.name)
            state.rmdir()
            state.symlink_to(small)
            site.start()
            site.settle(30)
            full = os.open(ballast, os.O_WRONLY | os.O_CREAT)
            for block in (1 << 20, 4096):
                try:
                    while os.write(full, b"x" * block):
                        pass
                except OSError:
                    pass
            os.close(full)
            crew = site.joined("crew")
            newcomer = sorted(set(STAFF) - crew)[0]
            site.add(newcomer, "Crew")
            until(lambda: site.status()["disk_full"], "status says that the disk is full", 15)
            self.assertNotIn(newcomer, site.joined("crew"))
            ordered = site.cli("pause", "--reason", "who asked gives up")
            self.assertEqual(ordered.returncode, 1, ordered.stdout)
            self.assertIn("the disk is full, or another program", " ".join(ordered.stderr.split()))
            ballast.unlink()
            site.wait("crew", newcomer, "join", 20)
            until(lambda: not site.status()["disk_full"], "there is room again")
            self.assertEqual(site.status()["pause"], "none", "what was refused is not done later")
            site.settle()
            self.assert_every_intent_ended()
        finally:
            if site.process:
                site.kill()
            if state.is_symlink():
                state.unlink()
                shutil.copytree(small, state, ignore=shutil.ignore_patterns("ballast"))
                os.chmod(state, 0o700)
            subprocess.run(["umount", small], check=False)
        site.start()
        site.settle(30)
        self.assert_as_wanted(crew | {newcomer})


# A test for each: so one that fails says which.
for _point, _work in FAILPOINTS.items():
    def _test(self, point=_point, work=_work):
        self.kill_9_at(point, work)
    setattr(Crashes, f"test_kill_9_at_{_point.replace(':', '_')}", _test)
