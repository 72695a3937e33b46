"""A room's first fill while those who are in already write: everybody whom the policy wants there is there."""

import threading
import urllib.parse
import uuid

from harness import MatrixError, Scenario, Site, until

ROOMS = [f"room{number}" for number in range(1, 9)]
PEOPLE = ["amy", "ben", "cas", "dan", "eve", "fay"]
POLICY = """
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  employees: {group: "{p} Staff"}
rooms:
""" + "".join(f"  {{p}}-{key}: {{name: {key}, members: {{group: \"{{p}} Staff\"}}}}\n" for key in ROOMS)


class FirstFill(Scenario):
    site = Site("ff")

    def write(self, over: threading.Event, rooms: set, faults: list) -> None:
        """Amy writes into whatever room she is in, as fast as she can; `rooms`: into which she could."""
        amy = self.site.masked("amy")
        try:
            while not over.is_set():
                for room in amy.joined_rooms():
                    try:
                        amy.call("PUT", f"/_matrix/client/v3/rooms/{urllib.parse.quote(room, safe='')}/send/m.room.message/{uuid.uuid4()}",
                                 {"msgtype": "m.text", "body": "who else is here?"})
                        rooms.add(room)
                    except MatrixError as error:
                        if error.status not in (403, 429):     # dropped herself, or too fast
                            raise
        except Exception as error:  # noqa: BLE001 - on a thread of its own it would fail nothing
            faults.append(error)

    def test_nobody_is_lost_where_people_write_while_the_door_is_shut(self):
        site = self.site
        site.fill(PEOPLE, {"Staff": PEOPLE})
        site.start()
        over, rooms, faults = threading.Event(), set(), []
        writers = [threading.Thread(target=self.write, args=(over, rooms, faults)) for _ in range(4)]
        for writer in writers:
            writer.start()
        try:
            site.apply(POLICY)
            site.settle(60)
        finally:
            over.set()
            for writer in writers:
                writer.join()
        self.assertEqual(faults, [])
        self.assertEqual(len(rooms), len(ROOMS), "she wrote in all of them")
        for key in ROOMS:
            until(lambda room=key: site.joined(room) == set(PEOPLE), f"everybody is in {key}", 40)
