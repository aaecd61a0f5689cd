"""The 40 CelebA labels, and the directions that move a face's latent along them."""

from attributes.dataset import DatasetError, FaceSet
from attributes.directions import Directions, DirectionsError, directions_path, load_directions, save_directions
from attributes.labels import GROUPS, LABEL_NAMES, LABELS, Label, labels_in_group

__all__ = [
    "GROUPS",
    "LABELS",
    "LABEL_NAMES",
    "DatasetError",
    "Directions",
    "DirectionsError",
    "FaceSet",
    "Label",
    "directions_path",
    "labels_in_group",
    "load_directions",
    "save_directions",
]
