"""The photo of the README: ``python -m docs.example_photo OUT.jpg``.

scikit-image brings NASA's portrait of Eileen Collins, which is in the public domain; this is its upper part.
"""

from __future__ import annotations

import sys

import numpy as np
import skimage.data

from faces import Photo, save_photo

if __name__ == "__main__":
    save_photo(Photo(np.ascontiguousarray(skimage.data.astronaut()[:270, 90:360])), sys.argv[1])
