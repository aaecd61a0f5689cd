"""Named directions in latent space, and moving faces along them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from attributes.classifier.head_turn import HeadTurn
from attributes.directions.mapper import LatentMapper, mapped
from attributes.directions.population import Population
from attributes.sliders.errors import DirectionsError
from attributes.sliders.moved_latent import MovedLatent, Reaches, add_moves, history
from attributes.sliders.moves import Moves, check_names
from attributes.sliders.slider import Direction, Slider
from attributes.sliders.slider_mask import EVERYWHERE, PictureMask, SliderMask, together
from data.labels import LABEL_NAMES
from glow.latent import Latent
from glow.layers.mixing import in_float64


@dataclass(frozen=True, eq=False)
class Directions:
    """Directions of the latent space, each with a slider: the 40 labels', and any number of others."""

    sliders: tuple[Slider, ...]
    """The labels' sliders in the order of :data:`attributes.LABELS`, then the others."""

    vectors: Latent
    """A batch of directions in the order of :attr:`sliders`, over all scales."""

    population: Population
    """Where faces lie along them."""

    model_hash: str
    """The hash of the checkpoint that they were computed with."""

    faces: int
    """How many faces the labels' directions were computed from."""

    mapper: LatentMapper | None = None
    """What tells how the labels' directions differ from face to face; None where they do not."""

    head_turn: HeadTurn | None = None
    """What tells how far a head is turned; None where that was not measured, and all count as straight ahead."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all sliders, in order."""
        return tuple(slider.name for slider in self.sliders)

    def slider(self, name: str) -> Slider:
        """The slider called ``name``.

        Raises:
            DirectionsError: there is none.
        """
        return self.sliders[self._index(name)]

    def checked(self, values: Mapping[str, float], keep: Iterable[str] = ()) -> Moves:
        """What is asked of these sliders, checked (:meth:`attributes.sliders.moves.Moves.checked`).

        Raises:
            DirectionsError: a name is no slider, or a value is not a finite number.
        """
        return Moves.checked(self.sliders, values, keep)

    @torch.inference_mode()
    def along(self, latent: Latent, name: str, side: int) -> torch.Tensor:
        """The vector of one side of a slider on some faces, ``(B, D)``, or ``(1, D)`` where it is the same on all;
        with what comes with it (:attr:`Slider.companions`), and nothing where it does not act (:meth:`Slider.acts`).

        Args:
            latent: the faces, before all moves.
            name: the slider's.
            side: 1 for its values above 0, -1 for those below, which go the vector backwards.

        Raises:
            DirectionsError: there is no such slider.
        """
        vector, slider = self._own(latent, name, side), self.slider(name)
        for companion in slider.companions:
            if companion.side == side:
                towards = 1 if companion.share > 0 else -1
                other = _where(self._own(latent, companion.name, towards), self.slider(companion.name), towards, latent)
                vector = vector + side * companion.share * other
        return _where(vector, slider, side, latent)

    def _own(self, latent: Latent, name: str, side: int) -> torch.Tensor:
        """A slider's vector everywhere, and without its companions'."""
        vector = self.vectors[self._index(name)].flatten()
        if self.mapper is not None and name in LABEL_NAMES:
            added = mapped(self.mapper, latent, LABEL_NAMES.index(name), present=side > 0).flatten()
            # The numbers in a broken file may be finite and what they lead to not.
            vector = torch.where(added.isfinite().all(1, keepdim=True), vector + side * added, vector)
        return vector

    def acts_where(self, values: Mapping[str, float], size: int, reaches: Reaches | None = None) -> PictureMask:
        """How much of these moves' change a picture of the moved face takes over at each of its places.

        Args:
            values: a number per slider name, as of :meth:`move`.
            size: the side of the picture, in pixels.
            reaches: as of :meth:`move`; a slider counts by how far it goes on the one of the faces on which it goes
                furthest, so that one that leaves them as they are takes nothing of what others change.

        Returns:
            The masks of all that move.

        Raises:
            DirectionsError: a name is no slider.
        """
        masks: dict[SliderMask, float] = {}
        for name, value in values.items():
            slider, side = self.slider(name), 1 if value > 0 else -1
            amount = abs(slider.within(value))
            if amount and reaches and (reach := reaches.get((name, side))) is not None:
                furthest = float(slider.length(value, reach).abs().max())
                amount = max(furthest / abs(slider.amount(side)), 1e-6)
            if amount:
                mask = slider.acts(side)
                masks[mask] = max(amount, masks.get(mask, 0.0))
        return together(masks, size)

    def move(
        self,
        latent: Latent,
        values: Mapping[str, float],
        keep: Iterable[str] = (),
        reaches: Reaches | None = None,
    ) -> Latent:
        """``latent`` moved along each named direction; the very same latent where all values are 0.

        Moves are exact: a latent that this returned remembers where it came from, so that +s and then -s give the
        latent from before bit for bit, and moves in any order give the same numbers.

        A face that would come far from where faces usually are goes only a part of the way, in the same direction;
        :meth:`Population.limited` says how far. Along a slider whose reach on it is known, it may go to the range's
        end.

        Args:
            latent: faces to move, any batch size.
            values: a number per slider name; of all moves together, what is beyond the end of a range counts as the
                end. For a calibrated slider, 1 is what makes the attribute plain in most faces that lack it, as far as
                these stay natural.
            keep: names of sliders whose directions, as they are without a mapper, are taken out of the moves of all
                others.
            reaches: of sliders on these very faces (:func:`attributes.reach.reach.find_reach`): there, 1 is the
                strongest change of each that still looks natural, and no stronger than what makes the attribute plain.
                Further moves of what comes back remember them.

        Raises:
            DirectionsError: a name is no slider, or a value is not a finite number.
            ValueError: a reach is of other faces than these.
        """
        kept = frozenset(self.checked(values, keep).keep)
        origin, before, known = history(latent, self)
        reaches = {**known, **(reaches or {})}
        total = add_moves(before, values, kept)
        if total == before:
            return latent
        if not total:
            return origin
        order = sorted(total, key=lambda moving: (self._index(moving[0]), sorted(moving[1])))
        indices = [self._index(name) for name, _ in order]
        sliders = [self.sliders[index] for index in indices]
        going_to = [slider.within(float(total[moving])) for slider, moving in zip(sliders, order, strict=True)]
        flat = self.vectors.flatten()
        chosen = in_float64(flat[indices])
        face_directions = [
            self._own_vector(origin, name, 1 if value > 0 else -1, reaches)
            for (name, _), value in zip(order, going_to, strict=True)
        ]
        # How far each face's own direction takes it along the directions that faces were measured along.
        gram = torch.stack(
            torch.broadcast_tensors(*((direction @ chosen.T).cpu() for direction in face_directions)), dim=1
        )
        products = (in_float64(origin.flatten()) @ chosen.T).cpu()
        lengths = [_lengths(slider, value, reaches) for slider, value in zip(sliders, going_to, strict=True)]
        asked_lengths, reach_limits = (
            torch.stack(torch.broadcast_tensors(*of), dim=1) for of in zip(*lengths, strict=True)
        )
        range_limits = [
            abs(slider.amount(slider.high if value > 0 else slider.low))
            for slider, value in zip(sliders, going_to, strict=True)
        ]
        population = self.population.select(indices)
        limited = population.limited(asked_lengths, products, gram, torch.tensor(range_limits).double(), reach_limits)
        change: torch.Tensor = in_float64(torch.zeros(len(origin), flat.shape[1], device=flat.device))
        for place, (moving, direction) in enumerate(zip(order, face_directions, strict=True)):
            change = change + limited[:, place, None].to(change) * self._without(flat, direction, moving[1])
        shapes = [(s.shape[1], s.shape[2], s.shape[3]) for s in origin.scales]
        moves = Latent.unflatten(change, shapes).to(origin.device, origin.scales[0].dtype)
        return MovedLatent((origin + moves).scales, origin, total, self, reaches)

    def _own_vector(self, origin: Latent, name: str, side: int, reaches: Reaches) -> torch.Tensor:
        """:meth:`along` in float64, as a reach remembers it where there is one."""
        reach = reaches.get((name, side))
        if reach is None or reach.vector is None:
            return in_float64(self.along(origin, name, side))
        if len(reach.vector) != len(origin):
            raise ValueError(f"the reach of {name} is that of {len(reach.vector)} faces, not of these {len(origin)}.")
        return in_float64(reach.vector)

    def _without(self, flat: torch.Tensor, vectors: torch.Tensor, keep: frozenset[str]) -> torch.Tensor:
        """``vectors`` ``(B, D)`` with what lies along the directions of ``keep`` taken out."""
        if not keep:
            return vectors
        kept = in_float64(flat[sorted(self._index(name) for name in keep)])
        share = vectors @ kept.T @ torch.linalg.pinv((kept @ kept.T).cpu(), hermitian=True).to(kept)
        return vectors - share @ kept

    def with_sliders(self, others: Sequence[Direction]) -> Directions:
        """These directions and others after them.

        Raises:
            DirectionsError: a name is taken, or a vector is of another model's shape.
        """
        for other in others:
            if [scale.shape[1:] for scale in other.vector.scales] != [s.shape[1:] for s in self.vectors.scales]:
                raise DirectionsError(
                    f"the slider {other.slider.name!r} has the shapes {other.vector.shapes}, which belong to another "
                    "model; make it again with this one."
                )
        names = [*self.names, *(other.slider.name for other in others)]
        taken = sorted({name for name in names if names.count(name) > 1})
        if taken:
            raise DirectionsError(f"there are two sliders called {', '.join(taken)}; give one another name.")
        return replace(
            self,
            sliders=(*self.sliders, *(other.slider for other in others)),
            vectors=Latent.cat([self.vectors, *(other.vector.to(self.vectors.device) for other in others)]),
            population=self.population.extended(
                [other.mean for other in others], [other.deviation for other in others]
            ),
        )

    def _index(self, name: str) -> int:
        check_names([name], self.names)
        return self.names.index(name)

    def to(self, device: str | torch.device) -> Directions:
        """The directions on another device."""
        mapper = None if self.mapper is None else copy.deepcopy(self.mapper).to(device)
        return replace(self, vectors=self.vectors.to(device), mapper=mapper)


def _lengths(slider: Slider, value: float, reaches: Reaches) -> tuple[torch.Tensor, torch.Tensor]:
    """How many lengths of its vector a slider is to go, and how many it may go, or NaN: each ``(B,)`` or ``(1,)``."""
    reach = reaches.get((slider.name, 1 if value > 0 else -1))
    if reach is None:
        return torch.tensor([slider.amount(value)], dtype=torch.float64), torch.tensor([torch.nan], dtype=torch.float64)
    return slider.length(value, reach), reach.end


def _where(vector: torch.Tensor, slider: Slider, side: int, latent: Latent) -> torch.Tensor:
    """A vector where a slider acts on a side, and 0 elsewhere."""
    mask = slider.acts(side)
    if mask == EVERYWHERE:
        return vector
    return vector * mask.of_latent([(s.shape[1], s.shape[2], s.shape[3]) for s in latent.scales]).to(vector)
