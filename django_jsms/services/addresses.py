"""Where a request comes from: the address that limits may count, and no proxy's."""

from __future__ import annotations

import ipaddress
import logging

from django.conf import settings
from django.http import HttpRequest

from .. import conf
from ..exceptions import InvalidInput

logger = logging.getLogger("django_jsms")


def client_ip(request: HttpRequest) -> str | None:
    """The caller's public address, or None where it cannot be known.

    REMOTE_ADDR, unless ``TRUSTED_PROXY_COUNT`` says how many proxies of yours append to
    X-Forwarded-For, or ``CLIENT_IP_HEADER`` names the one header your proxy overwrites. A private
    address is a proxy that the settings do not know of: it is not counted, and one warning says so.
    """
    text = _address_text(request).strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if address.is_global:
        return str(address)
    if not (settings.DEBUG and address.is_loopback):
        _warn_of_proxy()
    return None


def check_address(ip: str | None) -> str | None:
    """An address as rows hold it. Raises InvalidInput for what is none."""
    if ip is None:
        return None
    try:
        return str(ipaddress.ip_address(ip))
    except ValueError:
        raise InvalidInput(
            "ip is not an IP address. Pass client_ip(request), or nothing.",
            field="ip",
            reason="invalid_ip",
            zh="ip 不是有效的 IP 地址。请传入 client_ip(request)，或不传。",
        ) from None


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


def _address_text(request: HttpRequest) -> str:
    header, proxies = conf.get("CLIENT_IP_HEADER"), conf.get("TRUSTED_PROXY_COUNT")
    if header:
        return request.headers.get(header, "")
    if proxies:
        chain = request.headers.get("X-Forwarded-For", "").split(",")
        return chain[-proxies] if len(chain) >= proxies else ""
    return str(request.META.get("REMOTE_ADDR", ""))


_warned: set[str] = set()


def _warn_of_proxy() -> None:
    if not _warned:
        _warned.add("proxy")
        logger.warning(
            "Requests come from a private address, so limits per address do not apply. Behind a proxy, set "
            "JSMS['TRUSTED_PROXY_COUNT'] or JSMS['CLIENT_IP_HEADER'] (jsms.W031)."
        )
