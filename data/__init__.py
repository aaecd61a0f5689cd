"""Reading pictures and labels: face sets, folders, arrays, LSUN; copies of them; and the batches of a training run."""
