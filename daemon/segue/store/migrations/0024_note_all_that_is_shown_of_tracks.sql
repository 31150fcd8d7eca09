-- Whoever holds tracks in memory shows them from there, so that every change of what is shown is noted.
create or replace function note_tracks() returns trigger language plpgsql set enable_nestloop = off as $$
begin
    if tg_op = 'INSERT' then
        insert into track_changes (track_id, change, tx)
        select id, nextval('track_change_numbers'), pg_current_xact_id() from fresh
        on conflict (track_id) do update set change = excluded.change, tx = excluded.tx;
    elsif tg_op = 'DELETE' then
        insert into track_changes (track_id, change, tx)
        select id, nextval('track_change_numbers'), pg_current_xact_id() from old_ones
        on conflict (track_id) do update set change = excluded.change, tx = excluded.tx;
    else
        insert into track_changes (track_id, change, tx)
        select n.id, nextval('track_change_numbers'), pg_current_xact_id()
          from fresh n join old_ones o using (id)
         where (n.server_track_id, n.recording_id, n.title, n.artist, n.album_artist, n.album, n.track_number,
                n.disc_number, n.year, n.genres, n.seconds, n.format, n.library, n.excluded,
                n.missing_since is null)
               is distinct from
               (o.server_track_id, o.recording_id, o.title, o.artist, o.album_artist, o.album, o.track_number,
                o.disc_number, o.year, o.genres, o.seconds, o.format, o.library, o.excluded,
                o.missing_since is null)
        on conflict (track_id) do update set change = excluded.change, tx = excluded.tx;
    end if;
    return null;
end $$;
