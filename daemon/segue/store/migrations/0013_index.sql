-- What changed of tracks, for those who hold them in memory; read by `tx` as embeddings are.
create sequence track_change_numbers;
create table track_changes (
    track_id        bigint primary key,         -- stays when the track is gone
    change          bigint not null,
    tx              xid8 not null
);
create index track_changes_tx on track_changes (tx, change);

create function note_tracks() returns trigger language plpgsql as $$
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
         where (n.recording_id, n.title, n.artist, n.album_artist, n.album, n.genres, n.seconds,
                n.missing_since is null)
               is distinct from
               (o.recording_id, o.title, o.artist, o.album_artist, o.album, o.genres, o.seconds,
                o.missing_since is null)
        on conflict (track_id) do update set change = excluded.change, tx = excluded.tx;
    end if;
    return null;
end $$;
create trigger note_new_tracks after insert on tracks
    referencing new table as fresh for each statement execute function note_tracks();
create trigger note_changed_tracks after update on tracks
    referencing old table as old_ones new table as fresh for each statement execute function note_tracks();
create trigger note_lost_tracks after delete on tracks
    referencing old table as old_ones for each statement execute function note_tracks();

-- When somebody last played a recording, as their server tells it.
create table plays (
    server_id       bigint not null references servers on delete cascade,
    server_user     text not null,
    recording_id    bigint not null references recordings on delete cascade,
    played_at       timestamptz not null,
    count           integer not null,
    primary key (server_id, server_user, recording_id)
);
create index plays_recent on plays (server_id, played_at);
create index plays_recording on plays (recording_id);
-- How far a user's history was read.
create table play_readings (
    server_id       bigint not null references servers on delete cascade,
    server_user     text not null,
    user_name       text not null,
    read_at         timestamptz not null,
    primary key (server_id, server_user)
);
