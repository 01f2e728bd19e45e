"""Load drivers. Figures come with the command that gives them: see README.md."""
