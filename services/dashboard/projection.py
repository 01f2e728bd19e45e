"""The dashboard's projection as `onewindow projection rebuild` fills it again."""

from services.dashboard.handlers import EVENTS, replay, switch
from services.dashboard.handlers import begin_rebuild as begin
from services.dashboard.handlers import give_up_rebuild as give_up

__all__ = ["EVENTS", "begin", "give_up", "replay", "switch"]
