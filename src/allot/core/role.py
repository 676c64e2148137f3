"""Administrator roles. Ids as observed (`id_full_admin`); what each may do is documented only in part."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """One role; `reads` and `writes` say what it may do with people and licenses."""

    id: str
    name: str
    reads: bool
    writes: bool


FULL = Role("id_full_admin", "Full Administrator", True, True)
USER = Role("id_user_admin", "User Administrator", True, True)
READ_ONLY = Role("id_readonly_admin", "Read-Only Administrator", True, False)
DEVICE = Role("id_device_admin", "Device Administrator", True, False)
SUPPORT = Role("id_support_admin", "Support Administrator", True, False)
COMPLIANCE = Role("id_compliance_officer", "Compliance Officer", False, False)

ROLES = {role.id: role for role in (FULL, READ_ONLY, USER, DEVICE, SUPPORT, COMPLIANCE)}
