"""The 40 CelebA labels (Liu et al. 2015, arXiv 1411.7766), with the names and groups that people see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """One CelebA label."""

    name: str
    """The name in CelebA's files, such as ``Blond_Hair``."""

    title: str
    """What people see on its slider, such as "Blond hair"."""

    group: str
    """One of :data:`GROUPS`."""

    sign: int = 1
    """1, or -1 where the slider shows the opposite of the label: to the right of "Age" is less of ``Young``."""


GROUPS = ("Expression", "Hair", "Face", "Age and beard", "Accessories", "Make-up")
"""The groups of labels, in the order in which they are shown."""

# In the order of CelebA's files, which the columns of all our arrays keep.
LABELS: tuple[Label, ...] = (
    Label("5_o_Clock_Shadow", "Stubble", "Age and beard"),
    Label("Arched_Eyebrows", "Arched eyebrows", "Face"),
    Label("Attractive", "Attractive (as CelebA's labellers judged)", "Face"),
    Label("Bags_Under_Eyes", "Bags under eyes", "Age and beard"),
    Label("Bald", "Bald", "Hair"),
    Label("Bangs", "Bangs", "Hair"),
    Label("Big_Lips", "Big lips", "Face"),
    Label("Big_Nose", "Big nose", "Face"),
    Label("Black_Hair", "Black hair", "Hair"),
    Label("Blond_Hair", "Blond hair", "Hair"),
    Label("Blurry", "Blurry", "Face"),
    Label("Brown_Hair", "Brown hair", "Hair"),
    Label("Bushy_Eyebrows", "Bushy eyebrows", "Face"),
    Label("Chubby", "Chubby", "Face"),
    Label("Double_Chin", "Double chin", "Face"),
    Label("Eyeglasses", "Eyeglasses", "Accessories"),
    Label("Goatee", "Goatee", "Age and beard"),
    Label("Gray_Hair", "Grey hair", "Hair"),
    Label("Heavy_Makeup", "Heavy make-up", "Make-up"),
    Label("High_Cheekbones", "High cheekbones", "Expression"),
    Label("Male", "Male", "Face"),
    Label("Mouth_Slightly_Open", "Mouth slightly open", "Expression"),
    Label("Mustache", "Moustache", "Age and beard"),
    Label("Narrow_Eyes", "Narrow eyes", "Expression"),
    Label("No_Beard", "Beard", "Age and beard", sign=-1),
    Label("Oval_Face", "Oval face", "Face"),
    Label("Pale_Skin", "Pale skin", "Make-up"),
    Label("Pointy_Nose", "Pointy nose", "Face"),
    Label("Receding_Hairline", "Receding hairline", "Hair"),
    Label("Rosy_Cheeks", "Rosy cheeks", "Make-up"),
    Label("Sideburns", "Sideburns", "Age and beard"),
    Label("Smiling", "Smiling", "Expression"),
    Label("Straight_Hair", "Straight hair", "Hair"),
    Label("Wavy_Hair", "Wavy hair", "Hair"),
    Label("Wearing_Earrings", "Earrings", "Accessories"),
    Label("Wearing_Hat", "Hat", "Accessories"),
    Label("Wearing_Lipstick", "Lipstick", "Make-up"),
    Label("Wearing_Necklace", "Necklace", "Accessories"),
    Label("Wearing_Necktie", "Necktie", "Accessories"),
    Label("Young", "Age", "Age and beard", sign=-1),
)

LABEL_NAMES: tuple[str, ...] = tuple(label.name for label in LABELS)
"""The names of all labels, in CelebA's order."""

FAMILIES: tuple[tuple[str, ...], ...] = (
    ("Smiling", "High_Cheekbones", "Mouth_Slightly_Open"),
    ("5_o_Clock_Shadow", "Goatee", "Mustache", "No_Beard", "Sideburns"),
    ("Heavy_Makeup", "Wearing_Lipstick", "Rosy_Cheeks"),
    ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"),
    ("Chubby", "Double_Chin"),
    ("Bald", "Receding_Hairline"),
)
"""Labels that are parts of one act, or exclude each other; they are not held fixed for one another."""


def labels_in_group(group: str) -> tuple[Label, ...]:
    """The labels of one group, in CelebA's order."""
    return tuple(label for label in LABELS if label.group == group)
