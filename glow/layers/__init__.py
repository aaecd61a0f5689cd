"""The layers of the flow: what each computes, forward and back, and its log-determinant."""
