"""A document to make, seal, and damage."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.procedure import Text
from services.approval.licences.authority import Authority
from services.approval.licences.making import Row, Sheet, make
from services.approval.licences.signing import KeySealer

NOW = datetime.now(UTC).replace(microsecond=0)
TOKEN = "abcdefghijklmnopqrstuv"
MARKET = "江塘市市场监督管理局"
SHEET = Sheet(
    kind="licence",
    template="licence",
    title=Text(zh="食品经营许可证", en="Food Business Permit"),
    number="JT20260308000112",
    issuer=Text(zh=MARKET, en="Jiangtang Market Regulation"),
    seal_number="3300001234567",
    date=NOW,
    address=f"http://127.0.0.1:8000/v/{TOKEN}",
    rows=(Row(zh="名称", en="Name", value="江塘禾记餐饮有限公司"),),
)


def authority(folder: Path) -> Authority:
    made = Authority(folder, "http://127.0.0.1:8000")
    made.init("江塘", NOW)
    made.issue("market", MARKET, NOW)
    return made


def sealed(by: Authority, **changes: Any) -> bytes:
    return KeySealer(by, {}).seal(make(replace(SHEET, **changes)), "market", "签发")


def with_appended_edit(content: bytes) -> bytes:
    """The file with a page edited in an update behind its signature: the signed bytes are untouched."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    page = writer.root["/Pages"]["/Kids"][0]
    drawn = generic.StreamObject(stream_data=b"1 0 0 rg 100 700 200 40 re f")
    page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), writer.add_object(drawn)])
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
