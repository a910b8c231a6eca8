"""The engine in a process of its own, for ``--isolate``: what a task does to its process it does to nobody else."""
