"""A face with the shape of one and the colours of another."""

from __future__ import annotations

from app.editor import Editor
from app.portraits.colours import in_colours_of
from app.portraits.portrait import Portrait
from app.portraits.put_back import blend_put_back
from faces import Photo
from glow import Latent
from storage.values import InvalidValueError


def blend_apart(
    editor: Editor, first: Portrait, second: Portrait, shape: float, colours: float, *, lock_background: bool = True
) -> Photo:
    """The first photo with a face between both, whose shape and whose colours are each on their own way.

    Where both are the same, it is :meth:`Editor.blend`.

    Args:
        editor: mixes the faces.
        first: whose photo is kept around the face.
        second: the other face.
        shape: from 0, the first face's, to 1, the second's.
        colours: likewise, of skin, hair and light.
        lock_background: whether the first photo's background stays.

    Raises:
        InvalidValueError: a ratio is not from 0 to 1.
    """
    if shape == colours:
        return editor.blend(first, second, shape, lock_background=lock_background)
    for ratio in (shape, colours):
        if not 0 <= ratio <= 1:
            raise InvalidValueError(f"the ratio is {ratio}; it must be from 0 (the first face) to 1 (the second).")
    second = in_colours_of(first, second, editor.encoded)
    mixed = editor.decode(blended_latent(first.latent, second.latent, shape, colours))
    # Edges and fine detail belong to a shape.
    return blend_put_back(first, second, mixed, shape, lock_background=lock_background)


def blended_latent(first: Latent, second: Latent, shape: float, colours: float) -> Latent:
    """A latent between two, exact at both ends.

    In each scale, what a channel is everywhere in the picture, its mean over all places, tells colours and light; how
    it differs from place to place tells the shape.
    """
    shaped, coloured = first.lerp(second, shape), first.lerp(second, colours)
    if shape == colours:
        return shaped
    means = (by_colour.mean((2, 3), keepdim=True) for by_colour in coloured.scales)
    return Latent(
        tuple(
            by_shape - by_shape.mean((2, 3), keepdim=True) + mean
            for by_shape, mean in zip(shaped.scales, means, strict=True)
        )
    )
