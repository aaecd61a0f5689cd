"""The 40 CelebA labels, and the directions that move a face's latent along them."""

from attributes.basis import Basis, directions_path, load_directions
from attributes.dataset import DatasetError, FaceSet
from attributes.directions import Directions, DirectionsError
from attributes.labels import GROUPS, LABEL_NAMES, LABELS, Label, labels_in_group
from attributes.slider import Direction, Slider

__all__ = [
    "GROUPS",
    "LABELS",
    "LABEL_NAMES",
    "Basis",
    "DatasetError",
    "Direction",
    "Directions",
    "DirectionsError",
    "FaceSet",
    "Label",
    "Slider",
    "directions_path",
    "labels_in_group",
    "load_directions",
]
