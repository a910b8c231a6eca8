"""What the commands do. Each imports what it needs when it is called, so that ``--help`` waits for none of it."""
