"""Go on with the phone: a code on the page of a computer or a poster, which hands over the policy and nothing else.

No draft, no sign-in and no session travels with it: whoever scans it, in whatever order, keeps the own session, and a
code from a stranger leads to the public start page of a policy (docs/decisions/0016).
"""

from __future__ import annotations

from flask import current_app, redirect, url_for
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from app import language
from app.settings import Settings
from app.web.pages import qr_svg
from app.web.resident import blueprint

LIVES_SECONDS = 600
_SALT = "hand-over-v1"


def hand_over_code(policy_id: str) -> Markup:
    """The QR code by which a phone goes on with this policy, in the language of this page."""
    settings: Settings = current_app.extensions["todoke"]
    token = _serializer().dumps([policy_id, language.current()])
    return qr_svg(f"{settings.public_url}{url_for('resident.go_on', token=token)}")


@blueprint.get("/continue/<token>")
def go_on(token: str) -> Response:
    """To the start of the application; an old code leads to the policy's page, one that is not ours nowhere."""
    serializer = _serializer()
    try:
        policy_id, chosen = serializer.loads(token, max_age=LIVES_SECONDS)
    except SignatureExpired as old:
        policy_id, chosen = serializer.load_payload(old.payload or b"")
        return redirect(url_for("public.policy", policy_id=policy_id, lang=_known(chosen)), code=303)
    except (BadSignature, ValueError, TypeError):
        raise NotFound() from None
    return redirect(url_for("resident.start", policy_id=policy_id, lang=_known(chosen)), code=303)


def _known(chosen: str) -> str | None:
    return chosen if chosen in language.LANGUAGES else None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=_SALT)
