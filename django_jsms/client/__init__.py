"""The wire: JSMS's HTTP API in plain Python, usable with no Django.

>>> from django_jsms.client import JSMSClient, Timeout
"""

from .client import JSMSClient, Timeout
from .mobile import mask
from .mobile import parse as parse_mobile

__all__ = ["JSMSClient", "Timeout", "mask", "parse_mobile"]
