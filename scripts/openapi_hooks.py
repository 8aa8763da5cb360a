"""Hooks and a check of Schemathesis for this server."""

import re

import schemathesis

# Why a request that is well formed may still be refused, by its field: what is there, what time it is, and what a file
# holds, no schema knows. Everything else that is refused has to be refused by the document, too.
BEYOND_SCHEMAS = {
    "Idempotency-Key": "used for another request",
    "catalog_number": "once, is due",
    "channels": "no mail server is configured",
    "confirm": "is due as confirmation",
    "cursor": "not a cursor of the list|its place is not a number|a table has every row",
    "email": "issuer and subject, are due",
    "escalation_channels": "no mail server is configured",
    "expires": "is over",
    "limit": "a table has every row",
    "message": "",
    "name": "the name of the file is due",
    "object": "",
    "place": "not in the body as well|nothing was sent to that place",
    "recipients": "",
    "source": "no ephemeris of|outside of what",
    "step_s": "states; at most",
    "stop": "is before start",
    "subject": "belong together",
    "tca_to": "is before tca_from",
    "trend": "in JSON only",
    "to": "is before from|days; at most",
    "until": "is over",
    "url": "",
    "watch_list": "no such watch list",
    "webhook": "no such webhook",
}
# Problems without a field: of a file, or of an orbit.
BEYOND_FIELDS = "nothing of it is used|window|outside|no such|at most .* days|decay|perturbed|states"


@schemathesis.hook("map_body").apply_to(path_regex="/webhooks")
def local_webhook(context, body):
    """Addresses of webhooks lead to this machine only."""
    if isinstance(body, dict) and str(body.get("url", "")).startswith("https://"):
        body["url"] = "https://127.0.0.1:9/" + str(len(body["url"]))
    return body


@schemathesis.check
def refusals_are_documented(ctx, response, case):
    """What fits the document is refused for reasons only that a document cannot say."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    problem = response.json()
    field, detail = problem.get("field"), problem.get("detail", "")
    reason = BEYOND_FIELDS if field is None else BEYOND_SCHEMAS.get(re.findall("[A-Za-z_-]+", field)[-1])
    assert reason is not None and re.search(reason, detail), f"the document allows what is refused: {field}: {detail}"
