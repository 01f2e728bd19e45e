"""``onewindow-department watch|answer|replay|dossier``: look and try, without a line of code."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from datetime import datetime

from pika.exceptions import AMQPError

from onewindow_department.department import Department, Refused
from onewindow_department.dossiers import Dossiers, NotGiven
from onewindow_department.message import Message

ANSWERS = ("agree", "agree_with_conditions", "refuse", "unable", "not_competent")
SETTINGS = """settings, from the environment:
  ONEWINDOW_DEPARTMENT           the department's code
  ONEWINDOW_DEPARTMENT_PASSWORD  of its user on the broker
  ONEWINDOW_BROKER               like amqp://host:5672
  ONEWINDOW_URL, ONEWINDOW_CLIENT_ID, ONEWINDOW_CLIENT_SECRET  for dossiers"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "onewindow-department", epilog=SETTINGS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("watch", help="print the work queue as it comes, and take it out of the queue")
    answering = commands.add_parser("answer", help="answer a branch")
    answering.add_argument("branch_no")
    answering.add_argument("answer", choices=ANSWERS)
    answering.add_argument("results", nargs="*", metavar="CODE=VALUE")
    answering.add_argument("--competent", metavar="CODE", help="whose matter it is, with not_competent")
    replaying = commands.add_parser("replay", help="print the history")
    replaying.add_argument("since", nargs="?", default="first", help="an offset or a time (ISO 8601)")
    reading = commands.add_parser("dossier", help="print dossiers")
    reading.add_argument("branches", nargs="+")
    given = parser.parse_args(arguments)
    try:
        return _do(given)
    except KeyError as missing:
        print(f"{missing.args[0]} isn't set: see --help", file=sys.stderr)
    except (Refused, NotGiven, AMQPError, OSError, ValueError) as error:
        print(str(error) or repr(error), file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _do(given: argparse.Namespace) -> int:
    env = os.environ
    if given.command == "dossier":
        office = Dossiers(env["ONEWINDOW_URL"], env["ONEWINDOW_CLIENT_ID"], env["ONEWINDOW_CLIENT_SECRET"])
        print(json.dumps(office.dossiers(given.branches), ensure_ascii=False, indent=2))
        return 0
    broker = env.get("ONEWINDOW_BROKER", "amqp://127.0.0.1:5672")
    desk = Department(env["ONEWINDOW_DEPARTMENT"], env["ONEWINDOW_DEPARTMENT_PASSWORD"], broker)
    if given.command == "watch":
        desk.subscribe(_print)
    elif given.command == "replay":
        for message in desk.replay(_since(given.since)):
            _print(message)
    else:
        results = dict(pair.split("=", 1) for pair in given.results)
        print(desk.answer(given.branch_no, given.answer, results, competent_department=given.competent))
        desk.close()
    return 0


def _since(text: str) -> str | int | datetime:
    if text == "first" or text.isdigit():
        return int(text) if text.isdigit() else text
    return datetime.fromisoformat(text)


def _print(message: Message) -> None:
    shown = vars(replace(message, event=None)) | {"time": message.time.isoformat()}
    print(json.dumps({k: v for k, v in shown.items() if v is not None}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main())
