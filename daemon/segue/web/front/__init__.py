"""Front doors: a port before a media server, transparent but for the questions that we answer better."""
