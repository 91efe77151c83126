"""メンテナンス: what stops when, and which ends move because of it (BR-07, promise 9)."""

from app.maintenance.ends import Interval, moved_end
from app.maintenance.guard import (
    Known,
    check_open,
    from_column,
    known,
    moving,
    orders_paused,
    recent,
    refusal,
    windows_column,
)
from app.maintenance.windows import (
    MaintenanceChanged,
    Window,
    WindowRefused,
    add_window,
    cancel_window,
    list_windows,
)

__all__ = [
    "Interval",
    "Known",
    "MaintenanceChanged",
    "Window",
    "WindowRefused",
    "add_window",
    "cancel_window",
    "check_open",
    "from_column",
    "known",
    "list_windows",
    "moved_end",
    "moving",
    "orders_paused",
    "recent",
    "refusal",
    "windows_column",
]
