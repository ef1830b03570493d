"""Where a request comes from: the address that limits may count, and no proxy's."""

from __future__ import annotations

import ipaddress
import logging
import re
from typing import Final

from django.conf import settings
from django.http import HttpRequest

from .. import conf
from ..exceptions import InvalidInput

logger = logging.getLogger("django_jsms")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: ``1.2.3.4:5678``, ``[2400::1]``, ``[2400::1]:443``: an address with its brackets and port.
_DRESSED: Final = re.compile(r"(?:\[([^\[\]]+)\]|([0-9.]+))(?::[0-9]{1,5})?", re.ASCII)
#: So much of what cannot be read is described.
_SHOWN: Final = 40


def client_ip(request: HttpRequest) -> str | None:
    """The caller's public address, or None where it cannot be known.

    REMOTE_ADDR, unless ``TRUSTED_PROXY_COUNT`` says how many proxies of yours append to
    X-Forwarded-For, or ``CLIENT_IP_HEADER`` names the one header your proxy overwrites. A private
    address is a proxy that the settings do not know of. It is not counted, nor is what cannot be read,
    and one warning says so. Raises NotConfigured if one of the two settings has the wrong type.
    """
    source, text = _written(request)
    address = _read(text)
    if address is not None and address.is_global:
        return str(address)
    if address is None:
        _warn(source, "no address" if text else "nothing", _shape(text))
    elif not (settings.DEBUG and address.is_loopback):
        _warn(source, "a private address")
    return None


def check_address(ip: str | None) -> str | None:
    """An address as rows hold it. Raises InvalidInput for what is none."""
    if ip is None:
        return None
    address = _read(str(ip))
    if address is None:
        raise InvalidInput(
            "ip is not an IP address. Pass client_ip(request), or nothing.",
            field="ip",
            reason="invalid_ip",
            zh="ip 不是有效的 IP 地址。请传入 client_ip(request)，或不传。",
        )
    return str(address)


def network(ip: str | None) -> str | None:
    """What is counted as one caller: an IPv4 address, or the /64 that one customer of IPv6 has. None: not public."""
    if ip is None:
        return None
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if not address.is_global:
        return None
    return str(ipaddress.ip_network((address, 64 if address.version == 6 else 32), strict=False))


def _written(request: HttpRequest) -> tuple[str, str]:
    """Where the address stands, and what is written there."""
    header, proxies = conf.proxies()
    if header:
        return header, request.headers.get(header, "").strip()
    if proxies:
        elements = (each.strip() for each in request.headers.get("X-Forwarded-For", "").split(","))
        chain = [each for each in elements if each]
        return "X-Forwarded-For", chain[-proxies] if len(chain) >= proxies else ""
    return "REMOTE_ADDR", str(request.META.get("REMOTE_ADDR", "")).strip()


def _read(text: str) -> Address | None:
    """An address as a proxy may write it: quoted, with a port, with the zone of a link, IPv4 as IPv6."""
    text = text.strip().strip('"')
    dressed = _DRESSED.fullmatch(text)
    bare = dressed[1] or dressed[2] if dressed else text
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


# -- what is said in the log --------------------------------------------------------------------------------

_warned: set[tuple[str, str]] = set()


def _warn(source: str, found: str, shape: str = "") -> None:
    if (source, found) in _warned:
        return
    _warned.add((source, found))
    logger.warning(
        "%s holds %s%s where the client's address was looked for, so limits per address do not apply. Behind a proxy, "
        "set JSMS['TRUSTED_PROXY_COUNT'] or JSMS['CLIENT_IP_HEADER'] to what it sends (jsms.W031, jsms.W085).",
        source,
        found,
        f" but {shape!r}" if shape else "",
    )


def _shape(text: str) -> str:
    """What a text looks like, and not what it says: it may be about a person."""
    plain = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text[:_SHOWN]))
    return re.sub(r"[^\x20-\x7e]", "?", plain)
