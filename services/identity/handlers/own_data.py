"""Own data under the Personal Information Protection Law: a copy of it (art. 45), its erasure (art. 47).

What else is kept of an account says so in `own_parts.PARTS`: a name, how it is copied, how it is erased.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from chassis.tables import idempotency
from chassis.uow import UnitOfWork
from contracts.identity import AccountClosed
from services.identity.domain import Account, UnknownAccount
from services.identity.handlers.accounts import locked
from services.identity.handlers.audit import write_down
from services.identity.handlers.own_parts import PARTS
from services.identity.handlers.sessions import sign_out_everywhere

NOBODYS_NAME = "已注销"
NO_PASSWORD = "closed"


KEPT = (
    (
        "cases",
        "办件及其材料、文书按档案法规保存,不因注销而删除。",
        "Cases, their materials and documents, as the law on archives demands.",
    ),
    (
        "readings",
        "谁查看、处理过您的信息的记录,只有编号,没有姓名和证件号。",
        "Who read or changed your data: ids only, no name and no number.",
    ),
    (
        "sign_ins",
        "登录的时间和设备种类,按网络安全法保存,不含姓名。",
        "When and from what kind of device you signed in, as the Cybersecurity Law demands; no name.",
    ),
)
"""What stays after an erasure, and why (PIPL art. 47, last paragraph)."""
ERASED = (
    (
        "account",
        "姓名、证件号、手机、邮箱、登录名和密码。",
        "Name, ID number, phone, e-mail, login and password.",
    ),
    ("certificates", "证照库里您的证照,和您对使用它们的同意。", "Your certificates here, and your consents."),
    ("agencies", "您能代办的企业和您的经办人。", "Whom you act for, and who acts for you."),
    ("sessions", "全部登录。", "All sign-ins."),
    ("upstream_links", "与别处账号的关联。", "Links to accounts of other providers."),
    ("drafts", "没有提交的草稿和其中的文件。", "Drafts that were not filed, with their files."),
    ("messages", "消息和通知方式。", "Messages, and how you are told."),
)


def copy_of(account_id: str, uow: UnitOfWork) -> dict[str, Any]:
    """All that identity keeps of the caller; the copying is written down. Raises `UnknownAccount`."""
    account = uow.session.get(Account, account_id)
    if account is None:
        raise UnknownAccount(account_id)
    write_down(account_id, "export_own_data", [account_id], uow)
    found = {part.name: part.copied(account_id, uow.session) for part in PARTS}
    return {"made_at": uow.now, "account": account, **found}


def close(account_id: str, uow: UnitOfWork) -> dict[str, Any]:
    """Close the account: its tokens end, who it was is erased, the login is free for others at once.

    Other services erase their part when they hear of it. Raises `UnknownAccount`.
    """
    account = locked(account_id, uow)
    if account.kind not in ("person", "firm"):
        raise UnknownAccount(account_id)
    sign_out_everywhere(account_id, uow)
    for part in PARTS:
        if part.erase is not None:
            part.erase(account_id, uow)
    account.login = f"closed-{account_id}"[:40]
    account.display_name, account.password_hash = NOBODYS_NAME, NO_PASSWORD
    account.id_number = account.id_index = account.credit_code = account.email = account.phone = None
    account.level = 0
    uow.session.execute(delete(idempotency).where(idempotency.c.caller == account_id))
    write_down(account_id, "close_account", [account_id], uow)
    uow.emit(AccountClosed(account_id=account_id, kind=account.kind))
    return {"closed_at": uow.now, "erased": _said(ERASED), "kept": _said(KEPT)}


def _said(lines: tuple[tuple[str, str, str], ...]) -> list[dict[str, Any]]:
    return [{"what": what, "text": {"zh": zh, "en": en}} for what, zh, en in lines]
