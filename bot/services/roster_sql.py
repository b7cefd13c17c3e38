"""The statements of a roster's import, in their order: each works on all rows at once."""

from dataclasses import dataclass

MEMBER_COLUMNS = (
    "credit_code", "name", "level", "starts_on", "ends_on", "legal_representative", "status",
    "founded_on", "industry", "address", "fresh_id", "name_id", "registration_id", "membership_id",
)  # fmt: skip
CONTACT_COLUMNS = ("credit_code", "role", "person", "id", "phone_sealed", "phone_blind")

TABLES = (
    """
    CREATE TEMP TABLE roster_row (
        credit_code varchar(18) NOT NULL, name varchar(200) NOT NULL, level varchar(20) NOT NULL,
        starts_on date NOT NULL, ends_on date NOT NULL, legal_representative text NOT NULL,
        status text NOT NULL, founded_on date, industry text NOT NULL, address text NOT NULL,
        fresh_id uuid NOT NULL, name_id uuid NOT NULL, registration_id uuid NOT NULL,
        membership_id uuid NOT NULL
    ) ON COMMIT DROP
    """,
    """
    CREATE TEMP TABLE roster_phone (
        credit_code varchar(18) NOT NULL, role varchar(8) NOT NULL, person text NOT NULL,
        id uuid NOT NULL, phone_sealed bytea NOT NULL, phone_blind bytea NOT NULL
    ) ON COMMIT DROP
    """,
)
COPIES = ("ANALYZE roster_row", "ANALYZE roster_phone")
NAMES_CHANGE = """
SELECT EXISTS (
    SELECT 1 FROM roster_row r LEFT JOIN enterprise e USING (credit_code)
    LEFT JOIN enterprise_name n ON n.enterprise_id = e.id AND n.superseded_at IS NULL
    WHERE (e.name, n.name) IS DISTINCT FROM (r.name, r.name)
) AS so
"""


@dataclass(frozen=True, slots=True)
class Step:
    sql: str
    values: tuple[str, ...] = ()
    """What $1, $2, … stand for."""
    counts: str = ""
    """Under which name its rows count as changes; "" when they follow from another step."""
    of_contacts: bool = False
    """Left out for a file that says nothing of contacts."""


_AS_GIVEN = """
    SELECT r.enterprise_id, r.registration_id,
        coalesce(nullif(r.legal_representative, ''), old.legal_representative, '') AS legal,
        coalesce(nullif(r.status, ''), old.status, '') AS status,
        coalesce(r.founded_on, old.founded_on) AS founded_on,
        coalesce(nullif(r.industry, ''), old.industry, '') AS industry,
        coalesce(nullif(r.address, ''), old.address, '') AS address,
        old.staff, old.revenue_fen, old.assets_fen, old.figures_year
    FROM roster_member r
    LEFT JOIN registration old ON old.enterprise_id = r.enterprise_id AND old.superseded_at IS NULL
    WHERE (coalesce(nullif(r.legal_representative, ''), old.legal_representative, ''),
           coalesce(nullif(r.status, ''), old.status, ''),
           coalesce(r.founded_on, old.founded_on),
           coalesce(nullif(r.industry, ''), old.industry, ''),
           coalesce(nullif(r.address, ''), old.address, ''))
        IS DISTINCT FROM (coalesce(old.legal_representative, ''), coalesce(old.status, ''),
            old.founded_on, coalesce(old.industry, ''), coalesce(old.address, ''))
"""

STEPS = (
    Step(
        "INSERT INTO enterprise (id, credit_code, name)"
        " SELECT fresh_id, credit_code, name FROM roster_row r WHERE NOT EXISTS"
        " (SELECT 1 FROM enterprise e WHERE e.credit_code = r.credit_code)"
        " ON CONFLICT (credit_code) DO NOTHING",
        counts="enterprises",
    ),
    Step(
        "CREATE TEMP TABLE roster_member ON COMMIT DROP AS SELECT r.*, e.id AS enterprise_id"
        " FROM roster_row r JOIN enterprise e USING (credit_code)"
    ),
    Step(
        "CREATE TEMP TABLE roster_known ON COMMIT DROP AS SELECT p.*, e.id AS enterprise_id"
        " FROM roster_phone p JOIN enterprise e USING (credit_code)"
    ),
    Step("ANALYZE roster_member"),
    Step("ANALYZE roster_known"),
    # Names: a new enterprise has its first, another one may have a new one.
    Step(
        "UPDATE enterprise_name n SET superseded_at = $1 FROM roster_member r"
        " WHERE n.enterprise_id = r.enterprise_id AND n.superseded_at IS NULL AND n.name <> r.name",
        ("now",),
        "names",
    ),
    Step(
        "UPDATE enterprise e SET name = r.name FROM roster_member r"
        " WHERE e.id = r.enterprise_id AND e.name <> r.name"
    ),
    Step(
        "INSERT INTO enterprise_name"
        " (id, enterprise_id, name, source, recorded_by, recorded_at)"
        " SELECT r.name_id, r.enterprise_id, r.name, 'roster', $2, $1 FROM roster_member r"
        " WHERE NOT EXISTS (SELECT 1 FROM enterprise_name n"
        " WHERE n.enterprise_id = r.enterprise_id AND n.superseded_at IS NULL)",
        ("now", "by"),
    ),
    # Registrations: what the roster does not say stays as it was known.
    Step(f"CREATE TEMP TABLE roster_registration ON COMMIT DROP AS {_AS_GIVEN}"),
    Step(
        "UPDATE registration old SET superseded_at = $1 FROM roster_registration r"
        " WHERE old.enterprise_id = r.enterprise_id AND old.superseded_at IS NULL",
        ("now",),
    ),
    Step(
        "INSERT INTO registration (id, enterprise_id, legal_representative, status, founded_on,"
        " industry, staff, revenue_fen, assets_fen, figures_year, address, source, recorded_by,"
        " recorded_at) SELECT registration_id, enterprise_id, legal, status, founded_on, industry,"
        " staff, revenue_fen, assets_fen, figures_year, address, 'roster', $2, $1"
        " FROM roster_registration",
        ("now", "by"),
        "registrations",
    ),
    Step(
        "UPDATE membership m SET superseded_at = $1 FROM roster_member r"
        " WHERE m.enterprise_id = r.enterprise_id AND m.association = $2"
        " AND m.starts_on = r.starts_on AND m.superseded_at IS NULL"
        " AND (m.level, m.ends_on) <> (r.level, r.ends_on)",
        ("now", "association"),
    ),
    Step(
        "INSERT INTO membership (id, enterprise_id, association, level, starts_on, ends_on, how,"
        " recorded_by, recorded_at) SELECT r.membership_id, r.enterprise_id, $3::text, r.level,"
        " r.starts_on, r.ends_on, 'roster', $2, $1 FROM roster_member r"
        " WHERE NOT EXISTS (SELECT 1 FROM membership m WHERE m.enterprise_id = r.enterprise_id"
        " AND m.association = $3::text AND m.starts_on = r.starts_on AND m.superseded_at IS NULL)",
        ("now", "by", "association"),
        "memberships",
    ),
    # Contacts: of the enterprises in the file, those that it does not name any more are over.
    Step(
        "UPDATE roster_contact c SET superseded_at = $1 FROM roster_member r"
        " WHERE c.enterprise_id = r.enterprise_id AND c.association = $2"
        " AND c.superseded_at IS NULL AND NOT EXISTS (SELECT 1 FROM roster_known p"
        " WHERE p.enterprise_id = c.enterprise_id AND p.phone_blind = c.phone_blind"
        " AND p.role = c.role AND p.person = c.person)",
        ("now", "association"),
        "contacts ended",
        of_contacts=True,
    ),
    Step(
        "INSERT INTO roster_contact (id, enterprise_id, association, role, person, phone_sealed,"
        " phone_blind, recorded_at) SELECT p.id, p.enterprise_id, $2::text, p.role, p.person,"
        " p.phone_sealed, p.phone_blind, $1 FROM roster_known p WHERE NOT EXISTS"
        " (SELECT 1 FROM roster_contact c WHERE c.enterprise_id = p.enterprise_id"
        " AND c.association = $2::text AND c.phone_blind = p.phone_blind"
        " AND c.superseded_at IS NULL)",
        ("now", "association"),
        "contacts",
        of_contacts=True,
    ),
)
