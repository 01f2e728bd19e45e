"""What intake says to people: stages, what happened, and what comes next. Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contracts.intake import ApplicationStatus
from contracts.procedure import Text


def say(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


FILING = say("申请·收件", "Filing")
ACCEPTANCE = say("受理", "Acceptance")
REVIEW = say("审查", "Review")
DECISION = say("决定", "Decision")
LICENCE = say("制证", "Licence")
DELIVERY = say("送达", "Delivery")

STAGE_OF_STATUS: Mapping[ApplicationStatus, Text] = {
    "submitted": FILING,
    "returned": FILING,
    "awaiting_acceptance": ACCEPTANCE,
    "not_accepted": ACCEPTANCE,
    "accepted": REVIEW,
    "in_approval": REVIEW,
    "decided": DECISION,
    "closed": DELIVERY,
}

HAPPENED: Mapping[str, tuple[Text, Text]] = {
    "intake.application_submitted": (FILING, say("已收到申请", "Filed")),
    "intake.application_returned": (FILING, say("一次告知补正", "Returned for correction")),
    "intake.application_resubmitted": (FILING, say("已补正并重新提交", "Corrected and filed again")),
    "intake.application_withdrawn": (FILING, say("申请人已撤回", "Withdrawn by the applicant")),
    "intake.application_accepted": (ACCEPTANCE, say("已受理", "Accepted")),
    "intake.application_not_accepted": (ACCEPTANCE, say("不予受理", "Not accepted")),
    "intake.application_corrected": (REVIEW, say("申请人已补正", "Correction supplied")),
    "intake.withdrawal_requested": (REVIEW, say("申请人申请撤回", "Withdrawal requested")),
    "approval.case_opened": (REVIEW, say("已送到各部门", "Sent to the departments")),
    "approval.branch_opened": (REVIEW, say("部门可以开始办理", "The department may begin")),
    "approval.branch_claimed": (REVIEW, say("经办人开始办理", "An officer has taken it")),
    "approval.branch_released": (REVIEW, say("退回部门待办", "Back in the department's inbox")),
    "approval.branch_suspended": (REVIEW, say("暂停计时", "The clock stands still")),
    "approval.branch_resumed": (REVIEW, say("恢复计时", "The clock runs again")),
    "approval.branch_answered": (REVIEW, say("部门已答复", "The department has answered")),
    "approval.branch_silent": (REVIEW, say("到期未答复,按规定视为同意", "No answer in time: agreed by rule")),
    "approval.branch_overdue": (REVIEW, say("已超期,正在督办", "Overdue; being looked into")),
    "approval.branch_dropped": (REVIEW, say("不再办理", "No longer needed")),
    "approval.extension_decided": (REVIEW, say("负责人已决定是否延期", "The head has decided on more time")),
    "approval.due_dates_moved": (
        REVIEW,
        say("工作日历有变,期限已重算", "Working days changed; dates counted anew"),
    ),
    "approval.case_decided": (DECISION, say("已作出决定", "Decided")),
    "approval.licence_issued": (LICENCE, say("已出证", "Licence issued")),
    "approval.case_closed": (DELIVERY, say("已办结", "Closed")),
    "approval.case_terminated": (REVIEW, say("已按申请人意愿终止", "Ended at the applicant's wish")),
}

YOU = say("您", "You")
ANSWER_FILING = say("核对材料,答复是否受理", "Check the papers and say whether it is accepted")
PUT_RIGHT = say("按告知的内容一次补正,再提交", "Put right all that was told, and file again")
SEND_OUT = say("送到各部门,同时开始办理", "Send it to the departments, all at once")
STOP_WORK = say("按您的撤回申请停办", "Stop work, as you asked to withdraw")
HAND_OVER = say("制作并送达结果", "Make and hand over the result")

WITHDRAWAL: Mapping[str, Text] = {
    "pending": say("已申请撤回,各部门正在停办", "Withdrawal asked for; the departments are stopping"),
    "withdrawn": say("已撤回,各部门都已停办", "Withdrawn; nobody works on it any more"),
    "too_late": say(
        "撤回申请到达时已经作出决定,决定有效",
        "The decision had been made when the wish to withdraw came; it stands",
    ),
}

FROM_EARLIER = say("您上次的申请", "your last application")
FROM_GUIDE = say("您在指南里的回答", "your answers in the guide")


def review(titles: Iterable[Text]) -> Text:
    zh, en = _joined(titles)
    return say(f"办理{zh}", f"Work on {en}")


def correct(titles: Iterable[Text]) -> Text:
    zh, en = _joined(titles)
    return say(f"补正{zh}需要的内容", f"Supply what {en} asked for")


def names(texts: Iterable[Text]) -> Text:
    zh, en = _joined(texts)
    return say(zh, en)


def _joined(texts: Iterable[Text]) -> tuple[str, str]:
    once = list(dict.fromkeys(texts))
    return "、".join(t.zh for t in once), ", ".join(t.en for t in once)
