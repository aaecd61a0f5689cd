"""Start the web app, privately: this machine only, no telemetry, a temporary folder that is deleted at the end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType

from app.models import Models

MAX_UPLOAD = "200mb"
QUEUE_SIZE = 64
PREFIX = "glowface-"


def launch(models: Models, *, port: int = 7860, browser: bool = True) -> None:
    """Serve the app on 127.0.0.1 until it is interrupted.

    Args:
        models: the models that visits can choose from.
        port: TCP port; 0 takes any free one.
        browser: open the page in the user's browser.

    Raises:
        OSError: the port is taken.
    """
    remove_leftovers()
    # A server that is told to end must still delete its users' pictures.
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        # Gradio reads these when it is imported.
        os.environ["GRADIO_TEMP_DIR"] = folder
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        # torch makes an empty folder for a compiler that is never used here; it shall go with the rest.
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(Path(folder) / "torch"))
        from app.ui.layout import build_page
        from app.ui.style import CSS, THEME
        from app.ui.visit import Visits

        # The detector's first use is slow; let it be before the first photo comes.
        threading.Thread(target=models.first.warm_up, daemon=True).start()
        page = build_page(Visits(models, Path(folder)))
        page.queue(max_size=QUEUE_SIZE)
        _, address, _ = page.launch(
            server_name="127.0.0.1",
            server_port=port or None,
            inbrowser=browser,
            share=False,
            max_file_size=MAX_UPLOAD,
            enable_monitoring=False,
            strict_cors=True,
            ssr_mode=False,
            footer_links=[],
            theme=THEME,
            css=CSS,
            quiet=True,
            prevent_thread_lock=True,
        )
        print(f"Glowface is at {address} (Ctrl+C ends it)", flush=True)
        page.block_thread()


def remove_leftovers() -> None:
    """Delete the folders of servers that died without a chance to do so themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = re.match(rf"{PREFIX}(\d+)-", folder.name)
        if owner and not _alive(int(owner.group(1))):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    if os.name == "nt":  # there, signal 0 would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
