"""The SDK's code for one request, complete: it runs as it is, with the token in the variable TOKEN."""

from allot.api.licenses import LicenseRequest, PatchUserLicenses

_HEAD = """\
import os

from wxc_sdk import WebexSimpleApi
{more}from wxc_sdk.rest import RestSession

RestSession.BASE = {base!r}

with WebexSimpleApi(tokens=os.environ["TOKEN"]) as api:
"""
_TYPED = "from wxc_sdk.licenses import LicenseProperties, LicenseRequest\n"
# The SDK knows account types in capitals only, so that it stumbles over every answer that has a site.
_PLAIN = """\
    # Not by assign_licenses_to_users: wxc_sdk cannot read the sites of the answer.
    answer = api.licenses.patch(
        api.licenses.ep("users"),
        json={body},
    )
print(answer)
"""
_ASSIGN = """\
    answer = api.licenses.assign_licenses_to_users(
        person_id={person!r},
        org_id={org!r},
        licenses=[
{licenses}
        ],
    )
print(answer.licenses)
"""


def wxc_sdk(origin: str, body: PatchUserLicenses, text: str, *, sites: bool) -> str:
    """Python for wxc_sdk that sends a body, which is `text` in JSON; `sites`: whether the answer may have any."""
    base = f"{origin}/v1"
    if sites:
        indented = text.replace("\n", "\n        ")  # texts alone: JSON is Python
        return _HEAD.format(more="", base=base) + _PLAIN.format(body=indented)
    licenses = "\n".join(f"            {_license(each)}," for each in body.licenses or ())
    told = _ASSIGN.format(person=body.person_id, org=body.org_id, licenses=licenses)
    properties = any(each.properties for each in body.licenses or ())
    more = _TYPED if properties else _TYPED.replace("LicenseProperties, ", "")
    return _HEAD.format(more=more, base=base) + told


def _license(each: LicenseRequest) -> str:
    told = f"id={each.id!r}, operation={each.operation!r}"
    given = each.properties
    if given is not None:
        members = (
            ("location_id", given.location_id),
            ("phone_number", given.phone_number),
            ("extension", given.extension),
        )
        inside = ", ".join(f"{name}={value!r}" for name, value in members if value is not None)
        told += f", properties=LicenseProperties({inside})"
    return f"LicenseRequest({told})"
