"""A company whose shareholders and legal representative all sign, and the people who do."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from contracts.intake import SignerInvited, SigningEnded
from contracts.procedure import Procedure, SignerSpec
from services.intake import signing_views
from tests.unit.intake.fake_identity import FakeIdentity, identity
from tests.unit.intake.helpers import both, branch, procedure
from tests.unit.intake.office import BASE, Office, published

SHEN, GU, LU = "329982199504183021", "329982194403070041", "329982199403037041"
OWNERS = [{"name": "沈佳禾", "id_number": SHEN}, {"name": "顾阿珍", "id_number": GU}]
ANSWERS = {"company_name": "江塘禾记", "owners": OWNERS, "legal": "陆晓岚", "legal_id": LU}
PHONES = {"1": "13900000001", "2": "13900000002"}
NUMBER = {"type": "string", "pattern": "^[0-9]{17}[0-9X]$"}


def company(version: int = 1, **changes: Any) -> Procedure:
    row = {"type": "object", "properties": {"name": {"type": "string"}, "id_number": NUMBER}}
    values: dict[str, Any] = {
        "code": "found",
        "branches": (branch("licence", "SJ", fields=("company_name", "owners", "legal", "legal_id")),),
        "form": {
            "type": "object",
            "required": ["company_name", "owners", "legal", "legal_id"],
            "properties": {
                "company_name": {"type": "string", "x-title": {"zh": "名称", "en": "Name"}},
                "owners": {"type": "array", "items": row, "x-title": {"zh": "股东", "en": "Owners"}},
                "legal": {"type": "string", "x-title": {"zh": "法定代表人", "en": "Legal"}},
                "legal_id": NUMBER | {"x-title": {"zh": "身份证号", "en": "Number"}},
            },
        },
        "signers": (
            SignerSpec(
                role="owner", title=both("股东"), named_by="name", numbered_by="id_number", rows="owners"
            ),
            SignerSpec(role="legal", title=both("法定代表人"), named_by="legal", numbered_by="legal_id"),
        ),
    }
    return procedure(version=version, **(values | changes))


class Founders:
    """The applicant, and whoever opens a link; ``as_`` says who identity takes the caller for."""

    def __init__(self, office: Office):
        self.office = office
        self.identity: FakeIdentity = identity(office)
        office.catalogue(published(company()), first=30)
        self.draft = ""

    def as_(self, account: str, number: str, level: int = 2) -> FlaskClient:
        self.identity.own = (number, level)
        return self.office.person(account)

    @property
    def shen(self) -> FlaskClient:
        return self.as_("acc-1", SHEN)

    def begin(self, **answers: Any) -> str:
        begun = self.shen.post(f"{BASE}/drafts", json={"procedure": "found", "prefill": False})
        self.draft = begun.get_json()["draft_id"]
        saved = self.save(**(ANSWERS | answers))
        assert saved.status_code == 200, saved.text
        return self.draft

    def save(self, **answers: Any) -> Any:
        return self.shen.patch(self.path, json={"answers": answers}, headers=self.match)

    def start(self, phones: dict[str, str] | None = None) -> Any:
        return self.shen.post(
            f"{self.path}/signing", json={"phones": PHONES if phones is None else phones}, headers=self.match
        )

    def look(self) -> Any:
        return self.shen.get(f"{self.path}/signing").get_json()

    def links(self) -> list[str]:
        """Tokens of the open invitations, in the order of the list."""
        found = []
        with self.office.database.read() as session:
            for one in self.look()["signers"]:
                sent = signing_views.to_send(one["signer_id"], session)
                if sent is not None:
                    found.append(sent["token"])
        return found

    def said(self) -> list[str]:
        return [
            e.outcome if isinstance(e, SigningEnded) else "invited"
            for e in self.office.said(SignerInvited, SigningEnded)
        ]

    @property
    def path(self) -> str:
        return f"{BASE}/drafts/{self.draft}"

    @property
    def match(self) -> dict[str, str]:
        return {"If-Match": str(self.office.person("acc-1").get(self.path).headers["ETag"])}
