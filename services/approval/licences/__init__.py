"""Sealed documents 电子证照: drawn, made as PDF/A-2b, sealed by the department's key, verified."""
