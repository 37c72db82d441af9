"""Who may ask for what, and how often: tables over methods and paths."""

from dataclasses import dataclass
from typing import Final

from busyhour.core.errors import InvalidValueError

MIB: Final = 2**20
LARGEST_BODY: Final = MIB
LARGEST_UPLOAD: Final = 16 * MIB

DEFAULT_LIMIT: Final = 100
"""Requests in a minute of every route that has none of its own."""
LIMITS: Final = {
    ("POST", "/v1/calls"): 30,
    ("POST", "/v1/campaigns/{id}/launch"): 5,
    ("POST", "/v1/campaigns/{id}/stop"): 5,
    ("POST", "/v1/contacts"): 60,
    ("PATCH", "/v1/contacts/{id}"): 60,
    ("POST", "/v1/contacts/bulk"): 10,
    ("POST", "/v1/webhooks"): 20,
    ("POST", "/api/voice/customers/import"): 5,
    ("POST", "/api/voice/models/speakers"): 5,
    ("POST", "/api/voice/models/speakers/{name}/deploy"): 5,
    ("POST", "/api/voice/models/speakers/{name}/dataset/sample"): 30,
    ("POST", "/api/voice/calls/{uuid}/transfer"): 10,
    ("POST", "/api/voice/calls/{uuid}/end"): 10,
    ("GET", "/api/voice/calls/agent-availability"): 30,
    ("POST", "/api/voice/calls/{uuid}/metadata"): 30,
    ("POST", "/api/voice/agents"): 20,
    ("POST", "/api/voice/flows"): 20,
}
"""As the API reference has them."""

_RESOURCES: Final = {
    "/v1/calls": "calls",
    "/v1/campaigns": "campaigns",
    "/v1/contacts": "contacts",
    "/v1/webhooks": "webhooks",
    "/v1/events": "webhooks",
    "/v1/simulations": "simulations",
    "/api/voice/calls": "calls",
    "/api/voice/customers": "customers",
    "/api/voice/agents": "agents",
    "/api/voice/queues": "queues",
    "/api/voice/flows": "flows",
    "/api/voice/models": "models",
}
RESOURCES: Final = tuple(sorted(set(_RESOURCES.values())))
SCOPES: Final = tuple(f"voice:{resource}:{verb}" for resource in RESOURCES for verb in ("read", "write"))

_UPLOADS: Final = (
    "/v1/contacts/bulk",
    "/api/voice/customers/import",
    "/dataset/sample",
)
"""Ends of the paths that take large bodies."""


@dataclass(frozen=True, slots=True)
class Access:
    """Of one route. `limit` is in requests a minute of each key."""

    method: str
    template: str
    scope: str
    limit: int

    @property
    def bucket(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def policy(self) -> str:
        """The bucket's name as a token of structured fields."""
        return f"{self.method}{self.template}".lower().translate(_TOKEN)


_TOKEN: Final = str.maketrans({"/": "-", "{": None, "}": None})


def access_of(method: str, template: str, scale: float = 1.0) -> Access:
    """Raises InvalidValueError for a path of no resource."""
    for prefix, resource in _RESOURCES.items():
        if template == prefix or template.startswith(prefix + "/"):
            verb = "read" if method == "GET" else "write"
            limit = LIMITS.get((method, template), DEFAULT_LIMIT)
            return Access(method, template, f"voice:{resource}:{verb}", max(1, int(limit * scale)))
    raise InvalidValueError("template", template, "the path of a resource")


def largest_body(path: str) -> int:
    """Bytes that the body of a request to `path` may have."""
    return LARGEST_UPLOAD if path.endswith(_UPLOADS) else LARGEST_BODY
