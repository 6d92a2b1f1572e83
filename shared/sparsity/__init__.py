"""Masks, scores, schedules, accounting and collapse detection."""
