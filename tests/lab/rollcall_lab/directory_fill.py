"""Writes a company into the database of a DC that has not been started yet, by Samba's own Python.

Ten times as fast as over LDAP, and in one transaction: it is all there or nothing is.
"""

from . import company as companies
from . import settings

NORMAL_ACCOUNT = 0x200
ACCOUNT_DISABLED = 0x2
GLOBAL_SECURITY_GROUP = -2147483646
FILETIME_EPOCH = 11644473600


def filetime(unix: float) -> int:
    """AD's form of a time: 100 ns since 1601."""
    return int((unix + FILETIME_EPOCH) * 10_000_000)


def open_database(smb_conf):
    """The DC's sam.ldb, as the system itself."""
    from samba.auth import system_session
    from samba.param import LoadParm
    from samba.samdb import SamDB
    parameters = LoadParm()
    parameters.load(str(smb_conf))
    return SamDB(session_info=system_session(), lp=parameters,
                 url=str(settings.DC / "private" / "sam.ldb"))


def person_dn(person: companies.Person) -> str:
    return f"CN={person.login},{person.where},{settings.BASE_DN}"


def _person_entry(person: companies.Person) -> dict:
    entry = {
        "dn": person_dn(person),
        "objectClass": "user",
        "sAMAccountName": person.login,
        "userPrincipalName": f"{person.login}@{settings.REALM.lower()}",
        "givenName": person.given,
        "sn": person.family,
        "displayName": person.display_name,
        "mail": f"{person.login.lower()}@corp.example.com",
        "userAccountControl": str(NORMAL_ACCOUNT | (ACCOUNT_DISABLED if person.disabled else 0)),
        "department": person.department,
        "title": person.title,
        "employeeType": person.kind,
        "physicalDeliveryOfficeName": person.office,
    }
    if person.expires:
        entry["accountExpires"] = str(filetime(person.expires))
    return {name: value for name, value in entry.items() if value}


def _add_groups(database, company: companies.Company) -> None:
    import ldb

    def dn(name):
        return f"CN={name},{company.groups[name].ou},{settings.BASE_DN}"

    for group in company.groups.values():
        database.add({"dn": dn(group.name), "objectClass": "group", "sAMAccountName": group.name,
                      "groupType": str(GLOBAL_SECURITY_GROUP)})
    for group in company.groups.values():
        members = [person_dn(company.people[login]) for login in group.people] + [dn(n) for n in group.groups]
        members += [person_dn(person) for person in company.people.values()
                    if person.primary_group == group.name]
        if members:
            message = ldb.Message(ldb.Dn(database, dn(group.name)))
            message["member"] = ldb.MessageElement(members, ldb.FLAG_MOD_REPLACE, "member")
            database.modify(message)
    for person in company.people.values():
        if person.primary_group:     # the server then takes the person out of that group's `member`
            _replace(database, person_dn(person), "primaryGroupID", _rid(database, dn(person.primary_group)))


def _replace(database, dn: str, attribute: str, value: str) -> None:
    import ldb
    message = ldb.Message(ldb.Dn(database, dn))
    message[attribute] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, attribute)
    database.modify(message)


def _rid(database, dn: str) -> str:
    from samba.dcerpc import security
    from samba.ndr import ndr_unpack
    import ldb
    [found] = database.search(dn, scope=ldb.SCOPE_BASE, attrs=["objectSid"])
    return str(ndr_unpack(security.dom_sid, found["objectSid"][0]).split()[1])


def _let_read_deleted_objects(database, login: str) -> None:
    """What an AD admin does with `dsacls "CN=Deleted Objects,..." /takeownership` and `/g LOGIN:LCRP`: an ordinary
    account sees the container, but nothing in it, until it may list the container's children."""
    from samba.dcerpc import security
    from samba.ndr import ndr_pack, ndr_unpack
    import ldb
    container = f"CN=Deleted Objects,{settings.BASE_DN}"
    [account] = database.search(settings.BASE_DN, expression=f"(sAMAccountName={login})", attrs=["objectSid"])
    [found] = database.search(container, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"],
                              controls=["show_deleted:1"])
    descriptor = ndr_unpack(security.descriptor, found["nTSecurityDescriptor"][0])
    entry = security.ace()
    entry.type = security.SEC_ACE_TYPE_ACCESS_ALLOWED
    entry.access_mask = security.SEC_ADS_LIST | security.SEC_ADS_READ_PROP
    entry.trustee = ndr_unpack(security.dom_sid, account["objectSid"][0])
    descriptor.dacl_add(entry)
    message = ldb.Message(ldb.Dn(database, container))
    message["nTSecurityDescriptor"] = ldb.MessageElement(ndr_pack(descriptor), ldb.FLAG_MOD_REPLACE,
                                                         "nTSecurityDescriptor")
    database.modify(message, ["show_deleted:1", "sd_flags:1:4"])


def _never_expire_passwords(database) -> None:
    """The domain's 42 days would end the logins of a pristine copy that is older."""
    _replace(database, settings.BASE_DN, "maxPwdAge", "-9223372036854775808")


def _answer_to_address(database) -> None:
    """Kerberos clients reach the DC by address, since no name service knows its name."""
    import ldb
    [dc] = database.search(settings.BASE_DN, expression="(sAMAccountName=DC1$)", attrs=["cn"])
    message = ldb.Message(dc.dn)
    message["servicePrincipalName"] = ldb.MessageElement(f"ldap/{settings.DC_ADDRESS}", ldb.FLAG_MOD_ADD,
                                                         "servicePrincipalName")
    database.modify(message)


def fill(smb_conf, company: companies.Company, bind_password: str) -> None:
    """Adds the organisational units, people and groups; sets the passwords that are known."""
    database = open_database(smb_conf)
    database.transaction_start()
    try:
        for ou in company.ous:
            database.add({"dn": f"{ou},{settings.BASE_DN}", "objectClass": "organizationalUnit"})
        for person in company.people.values():
            database.add(_person_entry(person))
        _add_groups(database, company)
    except BaseException:
        database.transaction_cancel()
        raise
    database.transaction_commit()
    for person in company.people.values():
        if person.password or person.login == settings.BIND_LOGIN:
            password = bind_password if person.login == settings.BIND_LOGIN else settings.PASSWORD
            database.setpassword(f"(sAMAccountName={person.login})", password)
    _let_read_deleted_objects(database, settings.BIND_LOGIN)
    _never_expire_passwords(database)
    _answer_to_address(database)
