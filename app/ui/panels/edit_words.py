"""What the tab "Edit" says of a face, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from app.messages import DOES_LITTLE
from app.session import Session
from app.ui.editing.slider_values import shown
from app.ui.visits.text import as_text
from app.ui.words import say
from attributes import LABEL_NAMES, LABELS, Slider

SEEN = 0.5
"""Probability from which a label is said to be seen in the face."""

UNSAID = frozenset(
    ("Attractive", "Blurry", "Male", "Big_Nose", "Pointy_Nose", "Big_Lips", "Chubby", "Double_Chin", "Oval_Face",
     "Bags_Under_Eyes", "Receding_Hairline", "Bald", "High_Cheekbones", "Narrow_Eyes", "Pale_Skin", "Young")
)  # fmt: skip
"""Labels that are not said of a face unless somebody has moved their sliders: what a person would not want to be told
unasked, and what is a matter of the labellers' taste."""


def status(session: Session, language: str = "en") -> str:
    """What was done, in words."""
    moved = ", ".join(_moved(session, language))
    if session.photo is None:
        if moved:
            return say(language, "Waiting for a photo: {moved}", moved=moved)
        return say(language, "Upload a photo, or choose a face.")
    if not session.ready:
        return say(language, "No face yet.")
    if any(session.edits.values.values()):
        return say(language, "Moved: {moved}", moved=moved or say(language, "another face"))
    if session.portrait.drawn:
        return say(language, "Nothing moved: the face as drawn.")
    return say(language, "Nothing moved: this is your photo, bit for bit.")


def _moved(session: Session, language: str) -> list[str]:
    """The chosen face's moves."""
    values = session.values
    sliders = [slider for slider in session.editor.directions.sliders if values[slider.name]]
    little = session.doing_little() if session.ready and sliders else []
    told = []
    for slider in sliders:
        told.append(f"{title_of(slider, language)} {shown(slider, values[slider.name]):+g}")
        if slider.name in little:
            told[-1] += f" ({say(language, DOES_LITTLE)})"
    return told


def title_of(slider: Slider, language: str = "en") -> str:
    """A slider's title, as HTML text; those of the user's own directions are in no language but theirs."""
    return as_text(slider.title) if slider.name not in LABEL_NAMES else say(language, slider.title)


def changes_seen(session: Session, language: str = "en") -> str:
    """What the classifier sees more of, and less of, than before the edits, in words; it costs a look at the face."""
    if not session.ready:
        return ""
    moved = {name for name, value in session.values.items() if value}
    if not moved:
        return say(language, "Nothing has changed.")
    before, now = (_said(session.probabilities(before=past), moved, language) for past in (True, False))
    more = [word for word in now if before[word] < SEEN <= now[word]]
    less = [word for word in now if before[word] >= SEEN > now[word]]
    parts = []
    if more:
        parts.append(say(language, "More: {words}.", words=", ".join(f"**{word}**" for word in more)))
    if less:
        parts.append(say(language, "Less: {words}.", words=", ".join(f"**{word}**" for word in less)))
    return " ".join(parts) or say(language, "To the classifier, the face shows the same as before.")


def _said(probabilities: Mapping[str, float], moved: Collection[str], language: str) -> dict[str, float]:
    """The labels' probabilities by the words for them. A beard is said and none is not; of an age, that it is young."""
    words = {}
    for label in LABELS:
        if label.name in UNSAID and label.name not in moved:
            continue
        probability = probabilities[label.name]
        opposite = label.name.startswith("No_")
        word = label.title if label.sign > 0 or opposite else label.name
        words[say(language, word).lower()] = 1 - probability if opposite else probability
    return words
