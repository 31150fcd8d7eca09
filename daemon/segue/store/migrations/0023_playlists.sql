-- Whether somebody chose where a playlist shall be: when the last chosen server goes, it is nowhere, not everywhere.
alter table playlists add column chosen boolean not null default false;
update playlists set chosen = true where id in (select playlist_id from playlist_targets);

-- Since when a server that had playlists has shown none at all.
alter table publishing add column empty_since timestamptz;
