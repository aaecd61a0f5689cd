"""The paper's experiments (Kingma & Dhariwal 2018, arXiv 1807.03039), one command each, small enough for two cores.

Each writes its section of docs/paper/README.md. Runs lie in ``runs/paper``, and go on where they were stopped.
"""
