"""Kill work at random moments and look for what is broken: ``python -m tests.kills --times 100``.

``--only edit`` names some of the works; a run of the same ``--seed`` waits as long before each kill.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

import skimage.data
from PIL import Image
from tqdm import tqdm

from tests.kills.works import WORKS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--times", type=int, default=100, help="in all (100)")
    parser.add_argument("--only", nargs="+", choices=list(WORKS), default=list(WORKS), help="all by default")
    parser.add_argument("--seed", type=int, default=0, help="another seed waits otherwise (0)")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as place, tqdm(total=asked.times) as bar:
        photo = Path(place) / "photo.png"
        Image.fromarray(skimage.data.astronaut()).save(photo)
        works = {}
        for name in asked.only:
            folder = Path(place) / name
            folder.mkdir()
            works[name] = WORKS[name](folder, photo)
        for number in range(asked.times):
            name = asked.only[number % len(works)]
            bar.set_postfix_str(name)
            works[name].kill(chance)
            bar.update()
        for work in works.values():
            work.run()
    print(f"killed {asked.times} times ({', '.join(asked.only)}): nothing half-written, nothing left behind")


if __name__ == "__main__":
    main()
