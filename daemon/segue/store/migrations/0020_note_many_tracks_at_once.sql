-- The plan for the first, small statement of a session is kept for its large ones: comparing five thousand
-- rows before and after them by nested loops takes seconds.
alter function note_tracks() set enable_nestloop = off;
