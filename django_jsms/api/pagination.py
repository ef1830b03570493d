"""Pages of a list, the newest row first: a cursor says where to go on, so rows that come meanwhile shift nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from .fields import Key, Strict

MOST: Final = 200
_OWN: Final = ("cursor", "limit")


class Filter(Strict):
    """What the query of a list may say. A word that is not known is an error: it would show everything."""

    cursor = Key(required=False, help_text=_("The `next` of the page before."))
    limit = serializers.IntegerField(required=False, default=50, min_value=1, max_value=MOST)


def page_of(kind: type[serializers.Serializer]) -> Any:
    """The serializer of a page of such rows."""
    fields = {
        "next": serializers.CharField(allow_null=True, help_text=_("The `cursor` of the next page; null: the last.")),
        "results": kind(many=True),
    }
    return type(f"{kind.__name__}Page", (serializers.Serializer,), fields)


def page(rows: Any, given: Mapping[str, Any], kind: Any) -> Response:
    """One page: what is not the cursor or the limit is a column and its value."""
    rows = rows.filter(**{name: value for name, value in given.items() if name not in _OWN})
    if "cursor" in given:
        rows = rows.filter(pk__lt=given["cursor"])
    found = list(rows.order_by("-pk")[: given["limit"] + 1])
    shown = found[: given["limit"]]
    more = str(shown[-1].pk) if len(found) > len(shown) else None
    return Response({"next": more, "results": kind(shown, many=True).data})
