"""Documents made, sealed and judged: each way of tampering by our judgement and by another program's."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner, async_sign_pdf

from services.approval.commands import ca
from services.approval.licences import making, verifying
from services.approval.licences.authority import AlreadyThere, Authority, NoAuthority, UnknownKey
from services.approval.licences.coroutines import settled
from services.approval.licences.making import MissingGlyph, make
from services.approval.licences.signing import KeySealer, NoKey
from tests.unit.approval.licences.documents import MARKET, NOW, SHEET, TOKEN, authority, sealed
from tests.unit.approval.licences.documents import with_appended_edit as edited


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def licence(city: Authority) -> bytes:
    return sealed(city)


def pdfsig(content: bytes, folder: Path) -> str:
    """What poppler says of it."""
    assert shutil.which("pdfsig"), "install poppler-utils"
    (folder / "file.pdf").write_bytes(content)
    done = subprocess.run(
        ["pdfsig", str(folder / "file.pdf")], capture_output=True, text=True, check=False, timeout=20
    )
    return done.stdout + done.stderr


def test_a_sealed_licence_is_judged_sealed_by_us_and_by_another_program(
    city: Authority, licence: bytes, tmp_path: Path
) -> None:
    assert verifying.read(licence, city, NOW) == verifying.Reading("sealed", "market")
    said = pdfsig(licence, tmp_path)
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert f"样例 {MARKET}" in said


def test_a_licence_claims_pdf_a_2b_embeds_its_fonts_in_part_and_stays_pdf_1_7(licence: bytes) -> None:
    assert b"<pdfaid:part>2</pdfaid:part>" in licence
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in licence
    assert licence.startswith(b"%PDF-1.7")
    assert b"/Version/2.0" not in licence.replace(b" ", b"")
    assert re.search(rb"/BaseFont ?/[A-Z]{6}\+NotoSansCJKsc", licence)
    assert len(licence) < 150_000


def test_the_token_is_found_in_the_first_bytes_of_a_file_cut_short(licence: bytes) -> None:
    assert verifying.token_in(licence[: len(licence) // 10]) == TOKEN
    assert verifying.token_in(b"%PDF-1.7 something else") is None


def test_a_changed_byte_is_found(city: Authority, licence: bytes, tmp_path: Path) -> None:
    where = licence.index(b"/MediaBox") + 12
    changed = licence[:where] + bytes([licence[where] ^ 1]) + licence[where + 1 :]
    assert verifying.read(changed, city, NOW).finding in ("changed", "unreadable")
    assert "Signature is Valid" not in pdfsig(changed, tmp_path)


def test_an_appended_edit_is_found_though_the_other_program_still_says_valid(
    city: Authority, licence: bytes, tmp_path: Path
) -> None:
    assert verifying.read(edited(licence), city, NOW).finding == "changed"
    said = pdfsig(edited(licence), tmp_path)
    assert "Signature is Valid" in said
    assert "Total document signed" not in said


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_never_sealed(
    city: Authority, licence: bytes, part: float, tmp_path: Path
) -> None:
    cut = licence[: int(len(licence) * part)]
    assert verifying.read(cut, city, NOW).finding in ("changed", "unreadable", "unsealed")
    assert "Signature is Valid" not in pdfsig(cut, tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\nstartxref\n0\n%%EOF"])
def test_what_is_no_pdf_is_unreadable(city: Authority, content: bytes) -> None:
    assert verifying.read(content, city, NOW).finding in ("unreadable", "unsealed")


def test_a_file_without_a_seal_is_unsealed(city: Authority) -> None:
    assert verifying.read(make(SHEET), city, NOW).finding == "unsealed"


def test_the_same_file_sealed_by_another_authority_is_foreign(city: Authority, tmp_path: Path) -> None:
    other = authority(tmp_path / "other")
    assert verifying.read(sealed(other), city, NOW).finding == "foreign"


def test_a_second_seal_put_on_a_licence_is_found(
    city: Authority, licence: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PdfSigner, "_enforce_certification_constraints", lambda *_: None)
    other = authority(tmp_path / "other")
    signer = SimpleSigner.load_pkcs12(str(other.folder / "market.p12"), passphrase=other.password())
    again = PdfSignatureMetadata(field_name="Again")
    twice = settled(async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(licence)), again, signer)).getvalue()
    assert verifying.read(twice, city, NOW).finding in ("changed", "foreign")
    assert pdfsig(twice, tmp_path).count("Total document signed") == 1


def test_without_an_authority_nothing_is_ours(licence: bytes, tmp_path: Path) -> None:
    assert verifying.read(licence, Authority(tmp_path, ""), NOW).finding == "foreign"


def test_a_revoked_key_ends_what_is_sealed_from_then_on_and_not_what_was(tmp_path: Path) -> None:
    mine = authority(tmp_path)
    content = sealed(mine)
    mine.revoke("market", NOW + timedelta(hours=1))
    assert verifying.read(content, mine, NOW).finding == "sealed"
    assert verifying.read(content, mine, NOW + timedelta(hours=2)).finding == "key_revoked"
    with pytest.raises(UnknownKey):
        mine.revoke("market")


def test_a_new_key_seals_from_the_next_file_on_and_the_old_seal_stays_good(tmp_path: Path) -> None:
    mine = authority(tmp_path)
    sealer = KeySealer(mine, {})
    before = sealer.seal(make(SHEET), "market", "签发")
    number = mine.issue("market", MARKET, NOW)
    after = sealer.seal(make(SHEET), "market", "签发")

    def serial(content: bytes) -> int:
        seal = PdfFileReader(io.BytesIO(content)).embedded_signatures[0]
        return int(seal.signer_cert.serial_number)

    assert serial(after) == number != serial(before)
    assert verifying.read(before, mine, NOW).finding == "sealed"


def test_a_department_without_a_key_seals_nothing(city: Authority) -> None:
    with pytest.raises(NoKey):
        KeySealer(city, {}).seal(make(SHEET), "fire", "签发")


def test_the_authority_is_made_once_and_its_files_are_the_owners(tmp_path: Path) -> None:
    mine = authority(tmp_path)
    with pytest.raises(AlreadyThere):
        mine.init("江塘")
    assert mine.is_test
    for name in ("ca.key", "market.p12", "password"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    crl = x509.load_der_x509_crl(mine.crl or b"")
    assert crl.is_signature_valid(mine.certificate.public_key())  # type: ignore[arg-type]


def test_a_folder_without_an_authority_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoAuthority, match="onewindow ca init"):
        _ = Authority(tmp_path, "").certificate


def test_characters_the_font_lacks_are_named_and_nothing_is_made() -> None:
    with pytest.raises(MissingGlyph) as told:
        make(replace(SHEET, number="𠮷😀\U0003a000"))
    assert told.value.characters == ("😀", "\U0003a000")


def test_a_type_with_a_sheet_of_its_own_uses_it_and_any_other_the_common_one() -> None:
    own, common = (make(replace(SHEET, template=t)) for t in ("business-licence", "../../../etc/passwd"))
    assert own != common
    assert common == make(SHEET)


def test_the_font_folder_is_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ONEWINDOW_FONT_FOLDER", str(tmp_path))
    making._compiler.cache_clear()
    with pytest.raises(making.NoFont):
        make(SHEET)
    making._compiler.cache_clear()


def test_where_debian_has_no_font_the_package_beside_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "DEBIAN_FONTS", Path("/nowhere"))
    making._compiler.cache_clear()
    assert make(SHEET).startswith(b"%PDF")
    making._compiler.cache_clear()


def test_the_command_makes_issues_and_revokes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ONEWINDOW_KEYS_FOLDER", str(tmp_path / "keys"))
    monkeypatch.setenv("ONEWINDOW_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    run = CliRunner().invoke
    assert "onewindow ca init" in run(ca, ["issue", "market", MARKET]).output
    assert run(ca, ["init", "江塘"]).exit_code == 0
    assert "already" in run(ca, ["init", "江塘"]).output
    assert run(ca, ["issue", "market", MARKET]).exit_code == 0
    assert run(ca, ["revoke", "market"]).exit_code == 0
    assert run(ca, ["revoke", "market"]).exit_code == 1
    assert run(ca, ["crl"]).exit_code == 0
