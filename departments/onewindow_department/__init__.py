"""Take part in One Window 一窗通 from a department's own system; nothing of the platform is needed.

desk = Department("XF", password, broker="amqp://broker.city:5672")

def work(task):
    with database:
        if database.execute("INSERT OR IGNORE INTO seen VALUES (?)", [task.id]).rowcount:
            ...

desk.subscribe(work)
"""

from onewindow_department import events
from onewindow_department.department import Department, Refused
from onewindow_department.dossiers import Dossiers, NotGiven
from onewindow_department.message import Message

__all__ = ["Department", "Dossiers", "Message", "NotGiven", "Refused", "events"]
