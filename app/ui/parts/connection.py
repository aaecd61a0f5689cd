"""What the page says where its connection is lost, and where its work is gone: ``app/ui/scripts/connection.js``; and
what it calls its notes: ``app/ui/scripts/access.js``."""

from __future__ import annotations

import gradio as gr

from app.ui.words import t

CONNECTION_CSS = """
#connection-lost, #visit-gone { display: none; }
#connection-lost.shown, #visit-gone.shown {
  display: flex; position: fixed; z-index: 1000; left: 50%; bottom: 1rem; transform: translateX(-50%);
  width: min(34rem, calc(100vw - 2rem)); padding: .8rem 1rem; border: 2px solid var(--ring); border-radius: 8px;
  background: var(--background-fill-primary); box-shadow: 0 4px 16px rgb(0 0 0 / 35%);
}
#connection-lost p, #visit-gone p { margin: 0; }
"""


def build_connection_notes() -> None:
    """Both notes; neither shows before the script says so."""
    with gr.Column(elem_id="connection-lost"):
        gr.Markdown(t("The connection to Glowface is lost. It is tried again; your photo and sliders wait."))
    with gr.Column(elem_id="visit-gone"):
        gr.Markdown(
            t(
                "What was open here is gone: Glowface was started anew, or was out of reach for too long. A picture "
                "that still shows can be saved by a right click on it. Load the page anew, and open your photo again."
            )
        )
        reload = gr.Button(t("Load the page anew"), variant="primary", elem_id="load-anew")
    reload.click(None, None, None, js="() => { location.reload(); }", api_visibility="private")


def build_note_titles() -> None:
    """What stands over the page's notes, for the script that puts it there: Gradio has only English words for it."""
    words = {"info": t("Note"), "warning": t("Warning"), "error": t("Error")}
    data = " ".join(f'data-{kind}="{word}"' for kind, word in words.items())
    gr.HTML(f'<i id="note-titles" hidden {data}></i>', visible="hidden", padding=False)
