"""What the tab "Edit" says of a face, in words."""

from __future__ import annotations

from collections.abc import Mapping

from app.messages import DOES_LITTLE
from app.session import Session
from app.ui.panels.slider_panel import shown
from app.ui.visits.text import as_text
from attributes import LABELS

SEEN = 0.5
"""Probability from which a label is said to be seen in the face."""

UNSAID = ("Attractive", "Blurry")
"""Labels that are not said of a face: a matter of the labellers' taste, and one of the photo."""


def status(session: Session) -> str:
    """What was done, in words."""
    if not session.ready:
        return "No face yet."
    values = session.values
    sliders = [slider for slider in session.editor.directions.sliders if values[slider.name]]
    little = session.doing_little()
    moved = [
        f"{as_text(slider.title)} {shown(slider, values[slider.name]):+g}"
        + (f" ({DOES_LITTLE})" if slider.name in little else "")
        for slider in sliders
    ]
    if any(session.edits.values.values()):
        return "Moved: " + (", ".join(moved) or "another face")
    return f"Nothing moved: {'the face as drawn' if session.portrait.drawn else 'this is your photo, bit for bit'}."


def reading(session: Session) -> str:
    """What the classifier sees in the face now, and what the edits have changed of it, in words."""
    if not session.ready:
        return ""
    before, now = _said(session.reading(before=True)), _said(session.reading())
    seen = sorted((word for word in now if now[word] >= SEEN), key=lambda word: -now[word])
    told = [word if before[word] >= SEEN else f"**{word}**" for word in seen]
    gone = [word for word in now if before[word] >= SEEN > now[word]]
    text = f"The classifier’s guess: {', '.join(told) or 'nothing in particular'}"
    return f"{text}; no longer: {', '.join(gone)}" if gone else text


def _said(probabilities: Mapping[str, float]) -> dict[str, float]:
    """The labels' probabilities by the words for them. A beard is said and none is not; of an age, that it is young."""
    words = {}
    for label in LABELS:
        probability = probabilities[label.name]
        if label.name.startswith("No_"):
            words[label.title.lower()] = 1 - probability
        elif label.name not in UNSAID:
            words[(label.title if label.sign > 0 else label.name).lower()] = probability
    return words
