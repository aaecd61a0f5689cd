"""How much of the labels lies open in the latents: linear probes on them, beside the classifier that sees pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from attributes.classifier.network import REPORT_HALF, AttributeClassifier
from attributes.classifier.training import balanced_accuracies
from attributes.encoding import encode_faces
from data.face_set import DatasetError, FaceSet
from data.labels import LABELS
from glow.checkpoint import Checkpoint

COMPONENTS = 256
"""Principal components of the latents that the probes see."""


@torch.inference_mode()
def probe_latents(checkpoint: Checkpoint, training: FaceSet, validation: FaceSet) -> tuple[float, ...]:
    """Balanced accuracy of each label's logistic regression on the latents' principal components.

    Args:
        checkpoint: the model to encode with.
        training: labelled faces that the probes learn from.
        validation: labelled faces; those of the reporting half are counted.

    Raises:
        DatasetError: the faces have no labels, or a label is on all or on none of the training faces.
    """
    if training.labels is None or validation.labels is None:
        raise DatasetError("probes need labels; give a folder in CelebA-HQ's or CelebA's layout.")
    one_sided = [LABELS[k].name for k, column in enumerate(training.labels.T) if len(set(column.tolist())) < 2]
    if one_sided:
        raise DatasetError(f"of {len(training)} faces, all or none have {', '.join(one_sided)}; use more faces.")
    # Imported late: a second of start-up, for all commands.
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    known, learnt_from = _latents(checkpoint, training, np.arange(len(training)))
    new, asked = _latents(checkpoint, validation, np.arange(len(validation))[REPORT_HALF])
    analysis = PCA(min(COMPONENTS, len(known) - 1), svd_solver="randomized", random_state=0).fit(known)
    known, new = analysis.transform(known), analysis.transform(new)
    said = []
    for column in training.labels[learnt_from].T:
        probe = make_pipeline(LogisticRegression(class_weight="balanced", C=0.01, max_iter=1000))
        said.append(probe.fit(known, column).predict(new))
    return balanced_accuracies(torch.from_numpy(np.stack(said, axis=1)), validation.labels[asked])


def comparison_table(
    classifier: AttributeClassifier, probes: Sequence[float] | None, validation_labels: np.ndarray
) -> str:
    """A Markdown table of balanced accuracies per label, best read first.

    Args:
        classifier: whose figures to show.
        probes: those of :func:`probe_latents`, or None.
        validation_labels: bool ``(M, 40)``; how many of the reporting half have each label.
    """
    reported = validation_labels[REPORT_HALF]
    lines = ["| label | faces with it | classifier | linear probe on latents |", "| --- | --- | --- | --- |"]
    for k in sorted(range(len(LABELS)), key=lambda k: -np.nan_to_num(classifier.balanced_accuracy[k])):
        probe = "" if probes is None else f"{probes[k]:.3f}"
        count = int(reported[:, k].sum())
        lines.append(f"| {LABELS[k].name} | {count} | {classifier.balanced_accuracy[k]:.3f} | {probe} |")
    means = [np.nanmean(figures) for figures in (classifier.balanced_accuracy, probes or [np.nan])]
    lines.append(f"| mean of all 40 | of {len(reported)} | {means[0]:.3f} | {means[1]:.3f} |")
    return "\n".join(lines)


def _latents(checkpoint: Checkpoint, faces: FaceSet, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flat latents of some faces, float32 ``(N, D)``, and which these are: all but those that cannot be read."""
    batches = list(encode_faces(checkpoint.model, faces, indices=indices))
    latents = np.concatenate([encoded.latents.float().cpu().numpy() for encoded in batches])
    return latents, np.concatenate([encoded.indices for encoded in batches])
