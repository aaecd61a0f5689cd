"""What is kept of an open page, and when it goes."""

from __future__ import annotations

import gradio as gr

from app.ui.server.page_states import PageStates


def test_a_page_keeps_its_own_components_and_nothing_besides() -> None:
    """What an event changed of a component holds for its page alone; no component's configuration is copied besides."""
    with gr.Blocks() as page:
        choice = gr.Dropdown(["first"])
    states = PageStates()
    states.set_blocks(page)
    states["tab"][choice._id] = gr.Dropdown(["second"])
    assert states["tab"][choice._id].choices == [("second", "second")]
    assert states["other"][choice._id].choices == [("first", "first")]
    assert not states["tab"].config_values
    assert not states["other"].config_values

    states.forget("tab")
    assert "tab" not in states
    assert states["tab"][choice._id].choices == [("first", "first")]
