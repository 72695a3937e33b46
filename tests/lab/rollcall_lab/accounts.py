"""Makes Matrix accounts with a homeserver's registration secret: the company's on corp, guests on partner."""

import concurrent.futures
import hashlib
import hmac
import http.client
import json
import threading

from . import settings
from .processes import LabError
from .settings import Homeserver

_connections = threading.local()


def _call(server: Homeserver, method: str, path: str, body: dict | None = None) -> dict:
    """One request on this thread's own kept connection."""
    for attempt in (1, 2):           # a kept connection may have ended with the server that it was made to
        connection = getattr(_connections, server.key, None)
        if connection is None:
            connection = http.client.HTTPConnection(server.client_address, server.client_port, timeout=60)
            setattr(_connections, server.key, connection)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
            break
        except (OSError, http.client.HTTPException):
            setattr(_connections, server.key, None)
            if attempt == 2:
                raise
    if response.status != 200 and answer.get("errcode") != "M_USER_IN_USE":
        raise LabError(f"{server.name} {method} {path}: {response.status} {answer}")
    return answer


def make(server: Homeserver, login: str, display_name: str = "", admin: bool = False,
         password: str = settings.PASSWORD) -> None:
    """Makes one account; one that exists stays as it is."""
    path = "/_synapse/admin/v1/register"
    nonce = _call(server, "GET", path)["nonce"]
    login = login.lower()
    signed = "\0".join([nonce, login, password, "admin" if admin else "notadmin"])
    mac = hmac.new(server.registration_secret.read_text().strip().encode(), signed.encode(), hashlib.sha1)
    _call(server, "POST", path, {
        "nonce": nonce, "username": login, "password": password, "admin": admin, "mac": mac.hexdigest(),
        "displayname": display_name or login, "inhibit_login": True})


def make_company(company) -> int:
    """An account for everyone in the company who shall have one, and the break-glass administrator; how many."""
    wanted = [(person.login, person.display_name, False) for person in company.people.values() if person.matrix]
    wanted += [(settings.BREAKGLASS, "Break Glass", True), ("john.doe", "John Doe", False)]
    with concurrent.futures.ThreadPoolExecutor(4) as workers:
        for made in [workers.submit(make, settings.CORP, *account) for account in wanted]:
            made.result()
    return len(wanted)


def make_partner() -> int:
    for login in settings.PARTNER_USERS:
        make(settings.PARTNER, login, login.capitalize())
    return len(settings.PARTNER_USERS)
