"""One Matrix user, or an appservice, of the lab's homeservers: what a test or a demo does as that person."""

import itertools
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from . import accounts, settings
from .processes import LabError, wait_until
from .settings import CORP, Homeserver

__all__ = ["Client", "LabError", "MatrixError", "wait_until"]

_number = itertools.count(int(time.time()))


class MatrixError(Exception):
    """An answer other than 2xx."""

    def __init__(self, what: str, status: int, body: dict):
        self.status = status
        self.errcode = body.get("errcode", "")
        self.retry_after_ms = body.get("retry_after_ms")
        self.body = body
        super().__init__(f"{what}: {status} {self.errcode} {body.get('error', '')}")


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


class Client:
    """Calls of the client API as one user. Keeps nothing but its token; usable from several threads."""

    def __init__(self, token: str, user_id: str, server: Homeserver = CORP, masquerade: bool = False,
                 url: str | None = None):
        self.token = token
        self.user_id = user_id
        self.server = server
        self.url = (url or server.url).rstrip("/")
        self._query = {"user_id": user_id} if masquerade else {}

    # --- who acts

    @classmethod
    def login(cls, login: str, server: Homeserver = CORP, password: str = settings.PASSWORD,
              url: str | None = None) -> "Client":
        """Signs in with a password; the login as in the directory, or a Matrix ID."""
        unknown = cls("", "", server, url=url)
        local = login[1:].partition(":")[0] if login.startswith("@") else login.lower()
        answer = unknown.call("POST", "/_matrix/client/v3/login", {
            "type": "m.login.password", "password": password,
            "identifier": {"type": "m.id.user", "user": local}})
        return cls(answer["access_token"], answer["user_id"], server, url=url)

    @classmethod
    def register(cls, login: str, server: Homeserver = CORP, display_name: str = "", admin: bool = False) -> "Client":
        """Makes the account with the server's registration secret, unless it exists, and signs in."""
        accounts.make(server, login, display_name, admin)
        return cls.login(login, server)

    @classmethod
    def breakglass(cls, server: Homeserver = CORP) -> "Client":
        """The corp homeserver's administrator."""
        return cls.login(settings.BREAKGLASS, server)

    def masked(self, user_id: str) -> "Client":
        """The same token acting as another user: for the token of an appservice."""
        return Client(self.token, user_id, self.server, masquerade=True, url=self.url)

    def call(self, method: str, path: str, body: dict | None = None, **query) -> dict:
        """One request; the answer's JSON, or MatrixError."""
        query = {**self._query, **query}
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=90) as response:
                return json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                answer = json.loads(text)
            except ValueError:
                answer = {"error": text.decode(errors="replace")[:300]}
            raise MatrixError(f"{method} {path} as {self.user_id or 'nobody'}", error.code, answer) from None

    def whoami(self) -> dict:
        return self.call("GET", "/_matrix/client/v3/account/whoami")

    def signed_in(self) -> bool:
        """Whether this token still works."""
        try:
            self.whoami()
            return True
        except MatrixError as error:
            if error.status == 401:
                return False
            if error.status == 404:
                return True     # Synapse, where the session ends while it is looked up: ask again
            raise

    def logout_all(self) -> None:
        self.call("POST", "/_matrix/client/v3/logout/all", {})

    # --- rooms

    def create_room(self, **options) -> str:
        """createRoom with these fields; the room's ID."""
        return self.call("POST", "/_matrix/client/v3/createRoom", options)["room_id"]

    def resolve(self, alias: str) -> str:
        return self.call("GET", f"/_matrix/client/v3/directory/room/{_quoted(alias)}")["room_id"]

    def give_up_address(self, alias: str) -> None:
        self.call("DELETE", f"/_matrix/client/v3/directory/room/{_quoted(alias)}")

    def joined_rooms(self) -> list:
        return self.call("GET", "/_matrix/client/v3/joined_rooms")["joined_rooms"]

    def invitations(self) -> dict:
        """Pending ones: room → who invited. Synapse answers the same first sync from memory for two minutes, so each
        filter is another one."""
        only = {"presence": {"limit": next(_number), "types": []}, "account_data": {"limit": 0, "types": []},
                "room": {"timeline": {"limit": 1}, "state": {"types": []}}}
        rooms = self.call("GET", "/_matrix/client/v3/sync", filter=json.dumps(only), timeout=0).get("rooms", {})
        return {room: next((event["sender"] for event in found["invite_state"]["events"]
                            if event["type"] == "m.room.member" and event["state_key"] == self.user_id), "")
                for room, found in rooms.get("invite", {}).items()}

    def join(self, room: str, via: Homeserver | None = None) -> str:
        """By ID or alias; `via` names a server that is in the room."""
        query = {"via": via.name, "server_name": via.name} if via else {}
        return self.call("POST", f"/_matrix/client/v3/join/{_quoted(room)}", {}, **query)["room_id"]

    def knock(self, room: str, reason: str = "") -> str:
        return self.call("POST", f"/_matrix/client/v3/knock/{_quoted(room)}", {"reason": reason})["room_id"]

    def _member_action(self, action: str, room: str, user_id: str, reason: str) -> None:
        body = {"user_id": user_id, **({"reason": reason} if reason else {})}
        self.call("POST", f"/_matrix/client/v3/rooms/{_quoted(room)}/{action}", body)

    def invite(self, room: str, user_id: str, reason: str = "") -> None:
        self._member_action("invite", room, user_id, reason)

    def kick(self, room: str, user_id: str, reason: str = "") -> None:
        self._member_action("kick", room, user_id, reason)

    def ban(self, room: str, user_id: str, reason: str = "") -> None:
        self._member_action("ban", room, user_id, reason)

    def unban(self, room: str, user_id: str) -> None:
        self._member_action("unban", room, user_id, "")

    def leave(self, room: str) -> None:
        self.call("POST", f"/_matrix/client/v3/rooms/{_quoted(room)}/leave", {})

    def forget(self, room: str) -> None:
        self.call("POST", f"/_matrix/client/v3/rooms/{_quoted(room)}/forget", {})

    # --- what is in them

    def send(self, room: str, text: str) -> str:
        """A text message; its event ID."""
        return self.call("PUT", f"/_matrix/client/v3/rooms/{_quoted(room)}/send/m.room.message/{uuid.uuid4().hex}",
                         {"msgtype": "m.text", "body": text})["event_id"]

    def react(self, room: str, event: str, key: str) -> str:
        """A reaction to that event, as clients send it; its own event ID."""
        return self.call("PUT", f"/_matrix/client/v3/rooms/{_quoted(room)}/send/m.reaction/{uuid.uuid4().hex}",
                         {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": key}})["event_id"]

    def events(self, room: str, limit: int = 100) -> list:
        """The newest events, newest first."""
        return self.call("GET", f"/_matrix/client/v3/rooms/{_quoted(room)}/messages", dir="b", limit=limit)["chunk"]

    def messages(self, room: str, limit: int = 100) -> list:
        """Texts of the messages among the newest events, oldest first."""
        return [event["content"].get("body", "") for event in reversed(self.events(room, limit))
                if event["type"] == "m.room.message"]

    def state(self, room: str) -> list:
        return self.call("GET", f"/_matrix/client/v3/rooms/{_quoted(room)}/state")

    def state_content(self, room: str, kind: str, key: str = "") -> dict | None:
        """One state event's content, None when the room has none."""
        try:
            return self.call("GET", f"/_matrix/client/v3/rooms/{_quoted(room)}/state/{kind}/{_quoted(key)}")
        except MatrixError as error:
            if error.status == 404:
                return None
            raise

    def set_state(self, room: str, kind: str, content: dict, key: str = "") -> str:
        return self.call("PUT", f"/_matrix/client/v3/rooms/{_quoted(room)}/state/{kind}/{_quoted(key)}",
                         content)["event_id"]

    def members(self, room: str) -> dict:
        """Everyone who ever was: Matrix ID → join, invite, leave, ban or knock."""
        chunk = self.call("GET", f"/_matrix/client/v3/rooms/{_quoted(room)}/members")["chunk"]
        return {event["state_key"]: event["content"]["membership"] for event in chunk}

    def joined(self, room: str) -> set:
        return {user for user, membership in self.members(room).items() if membership == "join"}

    def set_power(self, room: str, user_id: str, level: int) -> None:
        levels = self.state_content(room, "m.room.power_levels") or {}
        levels.setdefault("users", {})[user_id] = level
        self.set_state(room, "m.room.power_levels", levels)

    # --- as the server's administrator

    def set_locked(self, user_id: str, locked: bool = True) -> None:
        self.call("PUT", f"/_synapse/admin/v2/users/{_quoted(user_id)}", {"locked": locked})

    def deactivate(self, user_id: str) -> None:
        self.call("POST", f"/_synapse/admin/v1/deactivate/{_quoted(user_id)}", {"erase": False})

    def purge(self, room: str) -> None:
        """The room is no more, for nobody; back when it is done."""
        self.call("DELETE", f"/_synapse/admin/v1/rooms/{_quoted(room)}", {"purge": True})

    def account(self, user_id: str) -> dict | None:
        """What the server holds about an account, None when it does not exist."""
        try:
            return self.call("GET", f"/_synapse/admin/v2/users/{_quoted(user_id)}")
        except MatrixError as error:
            if error.status == 404:
                return None
            raise

    # --- waiting

    def wait_in(self, room: str, seconds: float = 10) -> None:
        """Until this user is in the room."""
        wait_until(lambda: room in self.joined_rooms(), f"{self.user_id} in {room}", seconds)

    def wait_out(self, room: str, seconds: float = 10) -> None:
        """Until this user is not in the room any more."""
        wait_until(lambda: room not in self.joined_rooms(), f"{self.user_id} out of {room}", seconds)

    def wait_membership(self, room: str, user_id: str, membership: str | None, seconds: float = 10) -> None:
        """Until the room, as this user sees it, has that user as `membership` (None: never was there)."""
        wait_until(lambda: self.members(room).get(user_id) == membership,
                   f"{user_id} is {membership} in {room}", seconds)

    def wait_message(self, room: str, part: str, seconds: float = 10) -> str:
        """Until a message with that text is in the room; the whole message."""
        return wait_until(lambda: next((text for text in self.messages(room) if part in text), None),
                          f"a message with “{part}” in {room}", seconds)
