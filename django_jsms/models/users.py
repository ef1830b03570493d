"""The users of the project, who may be in another database than our rows."""

from __future__ import annotations

from typing import Any

from django.db import models, router
from django.db.models.deletion import Collector
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor


def forget_user(collector: Collector, field: Any, rows: models.QuerySet[Any], using: str) -> None:
    """SET_NULL where the rows are: ``using`` is the database of the user who is deleted.

    The collector does it when it deletes; the admin also collects to show what would be deleted.
    """
    models.SET_NULL(collector, field, rows.using(router.db_for_write(field.model)), using)


forget_user.lazy_sub_objs = True  # type: ignore[attr-defined]  # Django would look for the rows beside the user


class _User(ForwardManyToOneDescriptor):  # type: ignore[type-arg]
    def get_queryset(self, **hints: Any) -> models.QuerySet[Any]:
        """Where the users are. With the row as a hint Django would look for them beside it."""
        return super().get_queryset(**hints).using(router.db_for_read(self.field.remote_field.model))

    def __set__(self, instance: models.Model, user: Any) -> None:
        """By the key alone: of a user as such, Django asks the router whether both may know each other."""
        setattr(instance, self.field.attname, user and user.pk)


class UserKey(models.ForeignKey):  # type: ignore[type-arg]
    """Who did something. No constraint of the database holds it if a router puts the users into another one."""

    forward_related_accessor_class = _User

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"null": True, "related_name": "+", "on_delete": forget_user, **kwargs})

    @property
    def db_constraint(self) -> bool:
        model, users = getattr(self, "model", None), self.remote_field.model
        if model is None or isinstance(users, str):
            return True
        return router.db_for_write(users) == router.db_for_write(model)

    @db_constraint.setter
    def db_constraint(self, value: bool) -> None:
        """Not for a caller to say."""

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)  # no migration says where the users are
        return name, path, list(args), kwargs
