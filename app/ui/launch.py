"""Start the web app, privately: this machine only, no telemetry, a temporary folder that is deleted at the end."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

from app.editor import Editor

MAX_UPLOAD = "200mb"
QUEUE_SIZE = 64


def launch(editor: Editor, *, port: int = 7860, browser: bool = True) -> None:
    """Serve the app on 127.0.0.1 until it is interrupted.

    Args:
        editor: the editor that all visits share.
        port: TCP port; 0 takes any free one.
        browser: open the page in the user's browser.

    Raises:
        OSError: the port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="glowface-", ignore_cleanup_errors=True) as folder:
        # Gradio reads these when it is imported.
        os.environ["GRADIO_TEMP_DIR"] = folder
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        from app.ui.layout import build_page
        from app.ui.style import CSS, THEME
        from app.ui.visit import Visits

        # The detector's first use is slow; let it be before the first photo comes.
        threading.Thread(target=editor.warm_up, daemon=True).start()
        page = build_page(Visits(editor, Path(folder)))
        page.queue(max_size=QUEUE_SIZE)
        page.launch(
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
        )
