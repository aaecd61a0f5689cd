"""Reading pictures and labels: face sets, folders, arrays, LSUN; caches of them; and the batches of a training run."""
