"""Which bodies are another report's, whatever their bytes are."""

from contextlib import suppress
from datetime import date

import pytest

from shared.domain.call import Call
from shared.domain.catalogue import Report, catalogue
from shared.domain.errors import RejectedBody
from shared.domain.outcome import Flag
from shared.pulling.flags import flags_of, reject_another_report
from shared.report.validator import Body
from tests.shelf import lines, snapshot

DAY = date(2026, 11, 18)
DATE = "Report Refresh Date"
REPORTS = catalogue().reports


def lower(header: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in header)


def csv_of(header: tuple[str, ...]) -> bytes:
    cells = {DATE: str(DAY), "Report Date": str(DAY), "Report Period": "7"}
    return lines(",".join(header), ",".join(cells.get(name, "1") for name in header))


def is_taken(report: Report, header: tuple[str, ...]) -> bool:
    """Whether the first body of a call is archived if it has that header."""
    body = Body([next(iter(report.columns.values()))], is_personal=report.personal_data)
    with suppress(RejectedBody):
        body.read([csv_of(header)])
        reject_another_report(catalogue(), Call(report.name, period="D7"), None, body)
        return True
    return False


def test_of_all_documented_headers_a_report_takes_its_own_alone() -> None:
    headers = {header for report in REPORTS.values() for header in report.headers if DATE in header}
    for report in REPORTS.values():
        first, own = next(iter(report.columns.values())), set(map(lower, report.headers))
        assert is_taken(report, first) is (DATE in first)
        assert [header for header in headers if lower(header) not in own and is_taken(report, header)] == []


@pytest.mark.parametrize("column", ["User Principal Name", "Owner Display Name", "Site URL", "Team Id", "user id"])
def test_a_report_of_nobody_names_nobody(column: str) -> None:
    report = REPORTS["getEmailAppUsageUserCounts"]
    header = (*report.columns["v1.0"], column)
    assert not is_taken(report, header)
    assert is_taken(report, (*header[:-1], "Tenant Display Name"))


def test_a_report_that_came_like_another_before_is_taken_and_flagged() -> None:
    call = Call("getOffice365GroupsActivityStorage", period="D7")
    content = csv_of(REPORTS["getMailboxUsageStorage"].columns["v1.0"])
    body = Body([REPORTS[call.report].columns["v1.0"]], is_personal=False)
    day = body.read([content])
    before = snapshot(call, DAY, content)
    reject_another_report(catalogue(), call, before, body)
    assert flags_of(catalogue(), call, before, body, day) == (Flag.ANOTHER_REPORT,)
    other = before._replace(metadata=before.metadata._replace(columns=(DATE,)))
    with pytest.raises(RejectedBody, match="getMailboxUsageStorage"):
        reject_another_report(catalogue(), call, other, body)
