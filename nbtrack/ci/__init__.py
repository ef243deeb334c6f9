"""What a run came to, told where a team looks: tests, reports, comments."""
