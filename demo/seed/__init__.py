"""``onewindow seed``: the sample city with its cases, lived through day by day on a clock of its own."""
