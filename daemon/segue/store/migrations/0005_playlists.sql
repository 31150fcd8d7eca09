-- A clustering is the outcome of one search; its clusters keep their key while they live on.
create table clusterings (
    id              bigint generated always as identity primary key,
    run_id          bigint references runs on delete set null,
    space_id        bigint references spaces on delete set null,
    algorithm       text not null,
    parameters      jsonb not null,
    seed            bigint not null,
    score           double precision,
    recordings      integer not null,
    created_at      timestamptz not null default now()
);
create table clusters (
    id              bigint generated always as identity primary key,
    clustering_id   bigint not null references clusterings on delete cascade,
    lineage         bigint not null,            -- equal for the same cluster in later clusterings
    name            text not null,
    centroid        bytea not null
);
create table cluster_members (
    cluster_id      bigint not null references clusters on delete cascade,
    recording_id    bigint not null references recordings on delete cascade,
    distance        real not null,
    primary key (cluster_id, recording_id)
);
create index cluster_members_recording on cluster_members (recording_id);

-- A playlist is ours; a server holds a copy of it.
create table playlists (
    id              bigint generated always as identity primary key,
    name            text not null,
    description     text not null default '',
    kind            text not null check (kind in ('cluster', 'recipe', 'static')),
    lineage         bigint unique,
    recipe          jsonb,
    owner           text,
    public          boolean not null default false,
    stale_since     timestamptz,
    retired_at      timestamptz,
    created_at      timestamptz not null default now()
);
create table playlist_versions (
    id              bigint generated always as identity primary key,
    playlist_id     bigint not null references playlists on delete cascade,
    number          integer not null,
    created_at      timestamptz not null default now(),
    unique (playlist_id, number)
);
create table playlist_entries (
    version_id      bigint not null references playlist_versions on delete cascade,
    position        integer not null,
    recording_id    bigint not null references recordings on delete cascade,
    primary key (version_id, position)
);
create table playlist_pins (
    playlist_id     bigint not null references playlists on delete cascade,
    recording_id    bigint not null references recordings on delete cascade,
    banned          boolean not null,           -- false: stays in, true: stays out
    at              timestamptz not null default now(),
    primary key (playlist_id, recording_id)
);
create table playlist_copies (
    id              bigint generated always as identity primary key,
    playlist_id     bigint not null references playlists on delete cascade,
    server_id       bigint not null references servers on delete cascade,
    server_user     text not null default '',
    server_playlist_id text,                    -- ownership: only what stands here is ours to edit
    published_version bigint references playlist_versions on delete set null,
    published_name  text,
    published_at    timestamptz,
    withdrawn_at    timestamptz,
    last_error      text,
    unique (playlist_id, server_id, server_user)
);
create unique index playlist_copies_owned on playlist_copies (server_id, server_playlist_id)
    where server_playlist_id is not null;
