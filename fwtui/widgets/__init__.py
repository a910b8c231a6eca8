"""The parts of the screen, one file each: they draw what the model composes, and know their own messages only."""
