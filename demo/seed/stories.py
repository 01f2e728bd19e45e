"""The stories: a case in every state, some of them late, and an officer's two hundred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from demo.client import Client
from demo.seed.people import Person, persons, shops
from demo.seed.rehearsal import Rehearsal
from demo.seed.story import Plan, Stage, Story

OFFICER = "luming"
DONE_BEFORE = 24
FINE = "材料齐全，符合规定。"
MINUTE = timedelta(minutes=1)


def tell(stage: Stage, desk: int, heard: Callable[[int, int, datetime], Any]) -> list[str]:
    """Live through all stories, ``desk`` of them at one officer's; returns how many cases stand where.

    What takes days by its nature (a light that isn't green, silence, a holiday) is left out where time
    can't be moved.
    """
    people = persons()
    for person in people:
        stage.register(person.login, person.name, kind="person", id_number=person.id_number)
    plan = Plan(stage)
    told = [
        *_at_the_desk(plan),
        *_with_departments(plan, people),
        *(_late(plan, stage) if isinstance(stage, Rehearsal) else ()),
        *_finished(plan, people),
        *_of_one_officer(plan, people, desk),
    ]
    plan.play(heard)
    states: Counter[str] = Counter()
    for login in sorted({story.login for story in told}):
        states.update(_states(stage.client(login)))
    return [f"{count:4} {state}" for state, count in sorted(states.items())]


def _states(applicant: Client) -> Iterator[str]:
    cursor: dict[str, str] = {}
    while True:
        page = applicant.get("intake", "/applications", **cursor)
        yield from (application["status"] for application in page["items"])
        if not page["next"]:
            return
        cursor = {"cursor": page["next"]}


def _at_the_desk(plan: Plan) -> list[Story]:
    """Before acceptance: waiting, returned, turned away, withdrawn."""
    at = plan.rehearsal.workday
    food = [Story(plan, "heji", "food-licence", shop) for _, shop in zip(range(5), shops(), strict=False)]
    food[0].file(plan.rehearsal.ago(2))
    food[1].file(at(0, "15:20"))
    food[2].file(at(2, "09:40"))
    food[2].send_back(
        at(1, "10:30"), {"food_safety_manager": "管理员须有培训合格记录，请补充姓名一致的人员。"}
    )
    food[3].file(at(4, "11:00"))
    food[3].turn_away(at(3, "09:50"), "no_licence_needed", "只销售预包装食品，备案即可，不用办许可。")
    food[4].file(at(3, "10:00")).withdraw(at(3, "14:00"))
    again = Story(plan, "heji", "food-licence", {"area": 88}).file(at(5, "09:30"))
    again.send_back(at(4, "09:40"), {"food_handlers": "人数与健康证明不一致，请核对。"})
    again.resubmit(at(4, "15:00"), {"food_handlers": 5}).accept(at(3, "09:30"))
    return [*food, again]


def _with_departments(plan: Plan, people: list[Person]) -> list[Story]:
    """In approval: open, claimed, paused, waiting for a correction or the head, decided in part."""
    at = plan.rehearsal.workday
    inspected = Story(plan, "heji", "food-licence", {"shop_name": "江塘禾记二店"}).file(at(4, "09:30"))
    inspected.accept(at(4, "10:30")).claim(at(4, "11:00"), "food-licence", OFFICER)
    inspected.suspend(at(3, "14:00"), "food-licence", "inspection", "用水须送检验，结果出来后继续。", OFFICER)

    wanted = Story(plan, "jindun", "public-place-permit").file(at(2, "09:20"))
    request = {"field": "staff_count", "reason": "人数与健康证明不一致，请核对。"}
    wanted.answer(at(1, "10:00"), "public-place-permit", "ask_correction", requests=[request])

    put_right = Story(plan, "jindun", "drainage-permit").file(at(5, "09:20"))
    request = {"field": "discharge_m3_day", "reason": "日排水量与经营面积不符，请核对。"}
    put_right.answer(at(4, "10:00"), "drainage-permit", "ask_correction", requests=[request])
    put_right.correct(at(3, "16:00"), "drainage-permit", {"discharge_m3_day": 6}, "已核对水表。")

    company = Story(plan, people[0].login, "new-company", {"company_name": "江塘学府路文化有限公司"})
    company.file(at(1, "09:10")).answer(at(1, "15:00"), "company-registration", by=OFFICER, opinion=FINE)
    company.answer(at(0, "10:00"), "seal-engraving", opinion=FINE)

    restaurant = Story(plan, "heji", "open-restaurant").file(at(2, "13:10"))
    restaurant.answer(at(1, "11:00"), "shop-sign", opinion=FINE)
    restaurant.claim(at(1, "14:00"), "fire-safety-check")

    at_the_head = Story(plan, "heji", "food-licence-renewal", {"shop_name": "禾记塔前店"}).file(
        at(2, "14:10")
    )
    reason = "经营场所已改作住宅，不符合延续条件。"
    at_the_head.answer(at(0, "10:30"), "food-licence-renewal", "refuse", by=OFFICER, opinion=reason)

    longer = Story(plan, "heji", "drainage-permit", {"shop_name": "禾记芦港店"}).file(at(5, "10:50"))
    longer.claim(at(4, "09:30"), "drainage-permit")
    longer.ask_for_days(at(0, "11:10"), "drainage-permit", 5, "排放口须开挖后现场查看，道路围挡尚未批准。")

    stopped = Story(plan, "yunfan", "outdoor-advertising-renewal").file(at(2, "10:10"))
    stopped.claim(at(1, "09:30"), "outdoor-advertising-renewal").withdraw(at(1, "16:20"))
    return [inspected, wanted, put_right, company, restaurant, at_the_head, longer, stopped]


def _late(plan: Plan, rehearsal: Rehearsal) -> list[Story]:
    """What time alone brings: black, red and yellow lights, an opinion and an acceptance that count as given
    by silence, a case across a holiday."""
    at, told = rehearsal.workday, []
    holiday = rehearsal.before_the_holiday("10:00")
    if holiday is not None:
        across = Story(plan, "heji", "drainage-permit", {"shop_name": "禾记河西店"}).file(holiday)
        across.answer(holiday + 15 * timedelta(days=1), "drainage-permit", opinion=FINE)
        told.append(across)
    unread = Story(plan, "heji", "food-licence", {"shop_name": "禾记东塔店"}).file(at(7, "16:10"))

    black = Story(plan, "jindun", "fire-safety-check", {"shop_name": "锦墩纺织展厅"}).file(at(14, "10:00"))
    red = Story(plan, "jindun", "road-freight").file(at(5, "10:00"))
    yellow = Story(plan, "heji", "drainage-permit", {"shop_name": "江塘禾记一店"})
    yellow.file(rehearsal.nearly_due(10)).claim(rehearsal.ago(20), "drainage-permit")

    silent = Story(plan, "yunfan", "outdoor-advertising").file(at(6, "09:30"))
    silent.answer(at(5, "10:00"), "traffic-opinion", opinion="不影响信号和视距。")
    silent.answer(at(5, "11:00"), "building-opinion", opinion="结构说明齐全。")
    silent.answer(at(4, "15:00"), "site-visit", opinion="两名工作人员到场，尺寸与申报一致。")
    silent.claim(at(1, "10:00"), "decision")  # planning never answers: agreed after three working days
    return [*told, unread, black, red, yellow, silent]


def _finished(plan: Plan, people: list[Person]) -> list[Story]:
    """Granted, with conditions, partly granted, refused; on the spot."""
    at = plan.rehearsal.workday

    whole = Story(plan, people[1].login, "new-company", {"company_name": "江塘塔前路食品有限公司"})
    whole.file(at(12, "09:05")).answer(at(12, "14:30"), "company-registration", by=OFFICER, opinion=FINE)
    for number, key in enumerate(
        ("seal-engraving", "taxpayer-confirmation", "social-insurance-registration")
    ):
        whole.answer(at(11, f"09:{20 + 9 * number}"), key, opinion="已办。")

    parts = Story(plan, people[2].login, "open-restaurant", {"shop_name": "柳渡小馆", "area": 160})
    parts.file(at(18, "10:20")).answer(at(16, "11:00"), "shop-sign", "refuse", opinion="店招遮挡消防窗口。")
    parts.sign(at(16, "15:20"), "shop-sign", "同意，请一并告知可调整的位置。")
    parts.answer(at(13, "15:00"), "food-licence", by=OFFICER, opinion=FINE)
    parts.answer(at(12, "10:00"), "drainage-permit", opinion=FINE)

    refused = Story(plan, "jindun", "street-occupation").file(at(9, "09:45"))
    reason = "占用盲道且无绕行方案，不符合许可条件；可调整位置后重新申请。"
    refused.answer(at(7, "16:00"), "street-occupation", "refuse", opinion=reason)
    refused.sign(at(6, "09:40"), "street-occupation", "同意不予许可，理由和救济途径已写明。")

    canopy = Story(plan, "heji", "street-canopy").file(at(10, "13:30"))
    for key in ("structure", "traffic"):
        canopy.answer(at(9, "10:00"), key, opinion=FINE)
    canopy.answer(at(8, "10:00"), "streets", "agree_with_conditions", conditions="夜间收起，不占盲道。")

    told = [whole, parts, refused, canopy]
    for number, procedure in enumerate(EVERYDAY):
        person = people[number % len(people)]
        story = Story(plan, person.login, procedure, _applicant(person))
        story.file(at(3 + number, "10:40")).answer(at(3 + number, "11:20"), procedure, opinion="已办结。")
        told.append(story)
    return told


EVERYDAY = (
    "birth-registration",
    "flexible-employment-insurance",
    "remote-treatment",
    "rent-withdrawal",
    "water-transfer",
    "insurance-record",
    "household-register-reissue",
    "power-transfer",
    "school-transfer",
    "deed-tax",
)


def _of_one_officer(plan: Plan, people: list[Person], desk: int) -> list[Story]:
    """Licences of one officer: so many he has taken and not answered, and some he has."""
    at, names, told = plan.rehearsal.workday, shops(), []
    for number in range(DONE_BEFORE + desk):
        person, shop = people[number % len(people)], next(names)
        done, urgent = number < DONE_BEFORE, number % 10 == 3
        back = 6 + number % 4 if done else 0 if urgent else 3 if number % 10 == 5 else number % 3
        filed = at(back, "09:10") + (number % 40) * 9 * MINUTE
        procedure = "sole-trader-change" if urgent else "food-licence-renewal"
        operator = {"operator_name": person.name, "operator_mobile": person.mobile}
        form = _applicant(person) if urgent else {**shop, **operator}
        story = Story(plan, person.login, procedure, form).file(filed)
        if done:
            story.answer(filed + 60 * MINUTE, procedure, by=OFFICER, opinion=FINE)
        else:
            story.take(filed + 30 * MINUTE, OFFICER)
        told.append(story)
    return told


def _applicant(person: Person) -> dict[str, str]:
    return {
        "applicant_name": person.name,
        "applicant_id_number": person.id_number,
        "applicant_mobile": person.mobile,
    }
