"""What all parts of a record have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Base of the parts of a record: immutable; unknown fields are kept, so that newer records stay readable."""

    model_config = ConfigDict(frozen=True, extra="allow")
