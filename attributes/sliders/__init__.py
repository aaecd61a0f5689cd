"""What a slider is and what may be asked of it: names, ranges, moves, recipes, and how far an edit looks natural."""
