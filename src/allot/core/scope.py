"""Scopes of tokens, as Webex names them, and ours."""

LICENSES_READ = "spark-admin:licenses_read"
PEOPLE_READ = "spark-admin:people_read"
PEOPLE_WRITE = "spark-admin:people_write"
OWN_READ = "spark:people_read"
ORGANIZATIONS_READ = "spark-admin:organizations_read"
ROLES_READ = "spark-admin:roles_read"
DEVICES_READ = "spark-admin:device_read"
LOCATIONS_READ = "spark-admin:locations_read"
LOCATIONS_WRITE = "spark-admin:locations_write"
TELEPHONY_READ = "spark-admin:telephony_config_read"
TELEPHONY_WRITE = "spark-admin:telephony_config_write"
AUDIT_READ = "audit:events_read"
CUSTOMERS_READ = "spark-admin:wholesale_customers_read"
CUSTOMERS_WRITE = "spark-admin:wholesale_customers_write"
SUBSCRIBERS_READ = "spark-admin:wholesale_subscribers_read"
SUBSCRIBERS_WRITE = "spark-admin:wholesale_subscribers_write"
REPORTS_READ = "spark-admin:wholesale_billing_reports_read"
REPORTS_WRITE = "spark-admin:wholesale_billing_reports_write"
ADMIN = "allot:admin"

SCOPES = {
    LICENSES_READ: "list licenses and who has them",
    PEOPLE_READ: "list people and read what they hold",
    PEOPLE_WRITE: "create, change and delete people, and assign licenses",
    OWN_READ: "read one's own profile",
    ORGANIZATIONS_READ: "read organizations",
    ROLES_READ: "read roles",
    DEVICES_READ: "read locations",
    LOCATIONS_READ: "read locations",
    LOCATIONS_WRITE: "create, change and delete locations",
    TELEPHONY_READ: "read numbers and extensions",
    TELEPHONY_WRITE: "add and remove numbers",
    AUDIT_READ: "read the admin audit events",
    CUSTOMERS_READ: "read wholesale customers and sub-partners",
    CUSTOMERS_WRITE: "provision, change and remove wholesale customers",
    SUBSCRIBERS_READ: "read wholesale subscribers",
    SUBSCRIBERS_WRITE: "provision, change and remove wholesale subscribers",
    REPORTS_READ: "read wholesale billing reports",
    REPORTS_WRITE: "make and delete wholesale billing reports",
    ADMIN: "use allot's own plane from the network",
}
