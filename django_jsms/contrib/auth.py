"""An authentication backend: a proof from a right code logs in the user of that number."""

from __future__ import annotations

from typing import ClassVar

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from ..exceptions import InvalidProof
from ..models.codes import VerificationCode
from ..services import redeem_proof


class ProofBackend(ModelBackend):
    """``authenticate(request, proof=…)``: the active user of the number that a code has proved, or None.

    It knows no passwords: keep Django's ModelBackend beside it where there are some. Permissions and sessions
    are as there.
    """

    #: The user model's field that holds the number: 11 digits, as ``normalize_mobile`` answers them.
    mobile_field: ClassVar[str] = "mobile"

    @sensitive_variables()
    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, *, proof: str, purpose: str = "login"
    ) -> AbstractBaseUser | None:
        """Redeem the proof. It is spent by a success and by a number without an active user alike.

        Never raises for a bad proof. Where ``user_of`` raises, or the caller's transaction rolls back, the
        proof is not spent.
        """
        try:
            with transaction.atomic(using=router.db_for_write(VerificationCode)):
                user = self.user_of(redeem_proof(proof, purpose=purpose))
        except InvalidProof:
            return None
        return user if user and self.user_can_authenticate(user) else None  # type: ignore[arg-type]

    @sensitive_variables()
    async def aauthenticate(  # type: ignore[override]
        self, request: HttpRequest | None, *, proof: str, purpose: str = "login"
    ) -> AbstractBaseUser | None:
        """As ``authenticate``."""
        return await sync_to_async(self.authenticate)(request, proof=proof, purpose=purpose)

    @sensitive_variables()
    def user_of(self, mobile: str) -> AbstractBaseUser | None:
        """The user of a proved number; override it to make one at the first login, or to look elsewhere.

        Two users with one number are none: nobody can say whose login it is.
        """
        users = list(get_user_model()._default_manager.filter(**{self.mobile_field: mobile})[:2])
        return users[0] if len(users) == 1 else None
