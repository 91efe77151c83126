"""The smallest parts of a policy's documents: lines of text, ids, codes, and the strict form all parts share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def _is_printable(text: str) -> str:
    if _CONTROL.search(text) or text != text.strip():
        raise ValueError("must not hold control characters, nor begin or end with a space")
    return text


Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_is_printable)]
PolicyId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,30}$")]
ServiceId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,39}$")]
MunicipalityCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https://[!-~]+$", max_length=500)]
Points = Annotated[int, Field(ge=1, le=1_000_000_000_000)]
Years = Annotated[int, Field(ge=0, le=150)]


class Part(BaseModel):
    """Strict and unchangeable: no unknown key, no string where a number belongs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_by_name=True, validate_by_alias=True)
