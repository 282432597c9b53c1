"""Two servers side by side: random sessions that both must answer alike."""
