"""Fields that guess nothing: a number is text, an id is text, and what is not known is an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from django.utils.timezone import is_naive, localtime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ParseError

from .. import conf
from ..exceptions import InvalidInput
from ..models.base import HASH
from ..services import normalize_mobile
from ..services.hours import aware
from .openapi import as_schema
from .parsers import WORD, load


class Strict(serializers.Serializer):  # type: ignore[misc]
    """A body of known fields. One that is not known is named, for it may be a misspelt limit or template."""

    default_error_messages = {
        "unknown": _("There is no such field."),
        "invalid": _("The body must be one JSON object in UTF-8, each key once."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                # A word is named; what could be somebody's number is not echoed.
                name = unknown[0] if WORD.fullmatch(unknown[0]) else "non_field_errors"
                raise serializers.ValidationError({name: self.error_messages["unknown"]}, code="unknown_field")
        return super().to_internal_value(data)


class Text(serializers.CharField):  # type: ignore[misc]
    """A string that came as one: numbers and truth values are not turned into text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "max_length": 255, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Choice(serializers.ChoiceField):  # type: ignore[misc]
    """One of a few words; another is not echoed."""

    default_error_messages = {"invalid_choice": _("It must be one of: {choices}.")}

    def fail(self, key: str, **values: Any) -> NoReturn:
        super().fail(key, choices=", ".join(map(str, self.choices)))
        raise AssertionError("unreachable")


class Mobile(serializers.CharField):  # type: ignore[misc]
    """A mainland mobile number in its canonical form; the value is never echoed."""

    def run_validation(self, data: Any = serializers.empty) -> str:
        try:
            return normalize_mobile("" if data is serializers.empty else data)
        except InvalidInput as error:
            raise serializers.ValidationError(error.message, code=error.reason) from None


# -- what staff sends and sees --------------------------------------------------------------------------------


class App(Text):
    """The alias of an app of the settings."""

    default_error_messages = {"unknown_app": _("There is no such app in the settings.")}

    def to_internal_value(self, data: Any) -> str:
        alias = super().to_internal_value(data)
        if alias not in conf.app_entries():
            self.fail("unknown_app")
        return alias


class Number(serializers.IntegerField):  # type: ignore[misc]
    """A number of JSMS that came as one; no text, no truth value."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": 2**31 - 1, **kwargs})

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return int(data)


class Flag(serializers.BooleanField):  # type: ignore[misc]
    """true or false, and nothing that sounds like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input="")
        return bool(data)


@as_schema({"oneOf": [{"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, {"type": "string"}]})
class TemplateName(serializers.Field):  # type: ignore[misc]
    """JSMS's number of a template, or its name in ``TEMPLATES``; the service judges it."""

    default_error_messages = {"invalid": _("A number of JSMS, or a name of TEMPLATES.")}

    def to_internal_value(self, data: Any) -> int | str:
        if type(data) is not int and not isinstance(data, str):
            self.fail("invalid")
        return data  # type: ignore[no-any-return]


@as_schema({"type": "object", "additionalProperties": {"type": "string"}})
class Params(serializers.Field):  # type: ignore[misc]
    """Placeholder → text; the service judges them."""

    default_error_messages = {"invalid": _("One object of names and texts.")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data  # type: ignore[no-any-return]


class ParamsText(Text):
    """The same as one JSON object in a field of a form, for a form has only texts."""

    default_error_messages = {"invalid": _("One object of names and texts.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": None, **kwargs})

    def to_internal_value(self, data: Any) -> Any:
        try:
            given = load(super().to_internal_value(data).encode())
        except (ParseError, UnicodeError):
            self.fail("invalid")
        return Params().run_validation(given)


class Time(serializers.DateTimeField):  # type: ignore[misc]
    """ISO 8601 with its offset: without one, nobody knows which hour is meant."""

    default_error_messages = {"naive": _("Say the offset too, for instance +08:00.")}

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not data.isascii():  # digits of other scripts are digits for Django, too
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss+hh:mm")
        found: datetime = super().to_internal_value(data)
        return found

    def enforce_timezone(self, value: datetime) -> datetime:
        if is_naive(value):
            self.fail("naive")
        return value

    def to_representation(self, value: Any) -> str | None:
        return localtime(aware(value)).isoformat() if value else None


class Key(serializers.CharField):  # type: ignore[misc]
    """The id of a row, as text of digits."""

    default_error_messages = {"invalid_id": _("An id is text of digits.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 18, "trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not (data.isascii() and data.isdigit()):
            self.fail("invalid_id")
        return str(data)


class Hash(Text):
    """What stands for a number where it must not stand itself: 32 hexadecimal digits."""

    default_error_messages = {"invalid_number": _("Ask numbers/lookup/ what stands for a number.")}

    def to_internal_value(self, data: Any) -> str:
        given = super().to_internal_value(data)
        if not HASH.fullmatch(given):
            self.fail("invalid_number")
        return given


class Word(serializers.CharField):  # type: ignore[misc]
    """One of our stable words, in an answer. No list in the schema: a word that comes later breaks no client."""


class Id(serializers.CharField):  # type: ignore[misc]
    """A key as text: JavaScript rounds large integers."""

    def to_representation(self, value: Any) -> str:
        return str(value)
