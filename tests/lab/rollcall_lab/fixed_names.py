"""A Synapse module that tells a homeserver where the others are, in place of DNS and well-known files.

Configuration: {"servers": {server name: "address:port"}}. It fills the cache in which Synapse keeps the answers of
`/.well-known/matrix/server`, so that everything after that look-up (TLS, certificate of the delegated name, Host
header) is Synapse's own. Runs inside Synapse; seen to work with 1.163.
"""

FOR_EVER = 10 * 365 * 24 * 3600.0


class FixedNames:
    def __init__(self, config: dict, api):
        agent = api._hs.get_federation_http_client().agent
        agent = getattr(agent, "_agent", agent)      # the wrapper that refuses blocked addresses
        cache = agent._well_known_resolver._well_known_cache
        for name, address in config["servers"].items():
            cache.set(name.encode(), address.encode(), FOR_EVER)

    @staticmethod
    def parse_config(config: dict) -> dict:
        return config
