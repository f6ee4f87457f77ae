"""Connections to the public internet only: a name in a redirect can be made to point anywhere."""

from __future__ import annotations

import ipaddress
import socket

from urllib3.connection import HTTPSConnection

from shared.domain.errors import PullError
from shared.domain.outcome import Reason

_IPV4_INSIDE = [ipaddress.ip_network(prefix) for prefix in ("::ffff:0:0/96", "64:ff9b::/96")]
"""Mapped addresses (RFC 4291), and those that NAT64 translates (RFC 6052)."""
_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out. `is_global` counts what is reserved or obsolete too, as ::10.0.0.1 and fec0::1 are."""
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
"""IPv4 addresses stand inside of these as well (RFC 3056), and Python 3.12.1 counts all as global."""


class PublicConnection(HTTPSConnection):
    """A connection that checks the address after name resolution, before anything is sent."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        if not is_public(connection.getpeername()[0]):
            connection.close()
            # Neither urllib3 nor requests catches an exception that is not theirs.
            raise PullError(Reason.PRIVATE_ADDRESS, "The host of a redirect has a private address.")
        return connection


def is_public(text: str) -> bool:
    """Whether an address is that of one host on the public internet; an IPv4 address inside of it decides instead."""
    address = ipaddress.ip_address(text)
    if any(address in network for network in _IPV4_INSIDE):
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    is_given_out = address.version == 4 or (address in _UNICAST and address not in _SIX_TO_FOUR)
    return is_given_out and address.is_global and not address.is_multicast
