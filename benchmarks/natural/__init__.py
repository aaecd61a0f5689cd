"""Measures of how natural a moved face looks, against a look at 200 edits.

``python -m benchmarks.natural lay`` draws edits by lot and lays them out, before and after, as the model decodes them;
somebody says of each whether they would keep it, in a table that is committed (docs/natural/graded.csv);
``python -m benchmarks.natural score`` tells how well each measure puts the edits in that order. What was fixed before
anything was looked at:

- *Faces*: validation faces of the half that sliders are calibrated on, never of the half that edits are reported on.
- *Edits*: the headline edits, along the directions `mean`, `partial` or half of both, 0.5 to 5 lengths of the mean
  direction, evenly on a logarithmic scale, by lot.
- *Agreement*: the area under the ROC curve, that is in how many of all pairs of a kept and a rejected edit the measure
  finds the rejected one worse. 0.5 is chance.
"""
