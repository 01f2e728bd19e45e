"""The main job, shown: two packages filed, every department answering, in a terminal."""
