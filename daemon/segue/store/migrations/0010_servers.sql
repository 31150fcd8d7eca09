-- What of a server's library is music to us: only these libraries, and neither these paths nor these genres.
alter table servers
    add column only_libraries text[] not null default '{}',
    add column exclude_paths text[] not null default '{}',
    add column exclude_genres text[] not null default '{}',
    add column last_walk_ended_at timestamptz;

-- Known, but not ours to use: to everybody who asks for present tracks it is as good as missing.
alter table tracks
    add column excluded boolean not null default false,
    add constraint tracks_excluded check (not excluded or missing_since is not null);

-- A server that gives its tracks other ids is recognised by its files.
create index tracks_path on tracks using hash (path) where path is not null;

-- What ended long ago is forgotten.
create index runs_finished on runs (finished_at) where finished_at is not null and parent_id is null;
