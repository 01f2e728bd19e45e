"""Intake 收件: one filing for every department, its acceptance, and its progress."""
