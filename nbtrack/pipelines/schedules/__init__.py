"""Schedules: a pipeline run again and again by cron, by systemd, or in CI."""
