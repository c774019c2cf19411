"""``voltherm demo``: the service with a demo site that goes on in real time."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default answers this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8001,
) -> None:
    """Serve a demo site, replayed from recorded data."""
    from voltherm.adapters.clock import SystemClock
    from voltherm.interfaces.api.app import create_app
    from voltherm.interfaces.api.demo_feed import DemoFeed
    from voltherm.interfaces.api.logs import configure_logs
    from voltherm.interfaces.api.server import run
    from voltherm.interfaces.demo_data import start_demo

    configure_logs()
    typer.echo(f"The demo is at http://localhost:{port}", err=True)
    run(host, port, create_app(demo=DemoFeed(start_demo, SystemClock().now)))
