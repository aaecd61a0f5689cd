"""The 40 CelebA labels, and the directions that move a face's latent along them."""

from attributes.classifier.network import AttributeClassifier, load_classifier
from attributes.custom.store import FOUND, YOUR_OWN, listed_sliders, load_sliders, sliders_folder
from attributes.directions.direction_basis import (
    DirectionBasis,
    directions_path,
    load_directions,
)
from attributes.directions.directions import Directions
from attributes.directions.label_sliders import label_sliders, rough_sliders
from attributes.reach.judge import Judge, Judging, Seen
from attributes.reach.reach import find_reach
from attributes.sliders.arranged import SliderFacts, arranged, slider_facts
from attributes.sliders.errors import DirectionsError
from attributes.sliders.moved_latent import Reaches
from attributes.sliders.moves import Moves, check_names, full_name, no_slider
from attributes.sliders.recipe import Recipe, RecipeError, find_recipe, shipped_recipes
from attributes.sliders.slider import Companion, Direction, Reach, Slider
from data.face_set import DatasetError, FaceSet
from data.labels import GROUPS, LABEL_NAMES, LABELS, Label, labels_in_group

__all__ = [
    "FOUND",
    "GROUPS",
    "LABELS",
    "LABEL_NAMES",
    "YOUR_OWN",
    "AttributeClassifier",
    "Companion",
    "DatasetError",
    "Direction",
    "DirectionBasis",
    "Directions",
    "DirectionsError",
    "FaceSet",
    "Judge",
    "Judging",
    "Label",
    "Moves",
    "Reach",
    "Reaches",
    "Recipe",
    "RecipeError",
    "Seen",
    "Slider",
    "SliderFacts",
    "arranged",
    "check_names",
    "directions_path",
    "find_reach",
    "find_recipe",
    "full_name",
    "label_sliders",
    "labels_in_group",
    "listed_sliders",
    "load_classifier",
    "load_directions",
    "load_sliders",
    "no_slider",
    "rough_sliders",
    "shipped_recipes",
    "slider_facts",
    "sliders_folder",
]
