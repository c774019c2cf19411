"""The service as the settings describe it, started."""

from __future__ import annotations

from importlib.metadata import version

from voltherm.application.site_control.events import Listen, SiteEvent
from voltherm.bootstrap import build_service
from voltherm.interfaces.api.access import Access
from voltherm.interfaces.api.app import create_app
from voltherm.interfaces.api.control import log_event
from voltherm.interfaces.api.logs import configure_logs
from voltherm.interfaces.api.redaction import redact_values
from voltherm.interfaces.api.server import run
from voltherm.interfaces.metrics.events import counting
from voltherm.interfaces.metrics.metrics import ServiceMetrics
from voltherm.settings import Settings


def start(settings: Settings, host: str | None, port: int | None) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    settings : Settings
        All of them.
    host, port
        Where to listen, in place of the settings.
    """
    redact_values(settings.secret_values)
    logs = configure_logs(settings.log_level, settings.log_dir, settings.log_format)
    listeners: list[Listen] = [log_event]

    def listen(event: SiteEvent) -> None:
        for told in listeners:
            told(event)

    service = build_service(settings, listen)
    metrics = ServiceMetrics(
        service.clock.monotonic_s,
        version=version("voltherm"),
        instance=service.holder,
        n_dropped_log_lines=lambda: logs.n_dropped,
    )
    listeners.append(counting(metrics))
    app = create_app(service=service, access=Access(settings.api_token), metrics=metrics)
    run(host or settings.service_host, port or settings.service_port, app)
