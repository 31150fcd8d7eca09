-- A server is one connected media server or music folder.
create table servers (
    id              bigint generated always as identity primary key,
    name            text not null unique check (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    kind            text not null,
    origin          text not null check (origin in ('settings', 'api')),
    config_sealed   bytea not null,             -- the adapter's own settings, encrypted
    hook_secret_sealed bytea not null,          -- what a webhook must present, encrypted
    state           text not null default 'new' check (state in ('new', 'connected', 'lost', 'refused', 'broken')),
    state_since     timestamptz not null default now(),
    last_error      text,
    product         text,
    product_version text,
    last_walk_at    timestamptz,                -- when the last walk that ended normally began
    loss_doubted_at timestamptz,                -- a walk lost so much that a second one must agree
    loss_doubted    bigint,                     -- how many tracks it lost
    feed_owner      text,                       -- the process that holds this server's feed
    feed_until      timestamptz,
    withdrawn       boolean not null default false,  -- the settings no longer name it: left alone
    created_at      timestamptz not null default now()
);

-- How much of a recording is heard, least first: the order of the values is their rank.
create type quality as enum ('fast', 'balanced', 'full');

-- A recording is one piece of audio, however many tracks play it.
create table recordings (
    id              bigint generated always as identity primary key,
    content_key     text,                       -- equal only for equal bytes
    audio_hash      bytea,                      -- of the decoded audio
    fingerprint     bytea,                      -- acoustic, first byte names the algorithm
    seconds         real,
    plays           integer not null default 0,
    wanted          quality,
    wanted_at       timestamptz,
    not_before      timestamptz,                -- back-off after a passing fault
    attempts        integer not null default 0,
    leases_lost     integer not null default 0, -- leases that ran out without a word since it was wanted
    failure         text,                       -- why it could not be heard, as a sentence; with a want: why not yet
    failed_at       timestamptz,
    lease_owner     text,
    lease_until     timestamptz,
    created_at      timestamptz not null default now(),
    check ((lease_owner is null) = (lease_until is null))
);
create unique index recordings_content_key on recordings (content_key) where content_key is not null;
create index recordings_audio_hash on recordings (audio_hash) where audio_hash is not null;
create index recordings_wanted on recordings (wanted, plays desc, wanted_at desc, id) where wanted is not null;

-- Text as people search it: no case, no accents, no punctuation.
create function fold(words text) returns text language sql immutable strict parallel safe return
    btrim(regexp_replace(regexp_replace(lower(normalize(words, NFKD)), '[\u0300-\u036f''’]', '', 'g'),
                         '[\s!-/:-@\[-`{-~\u00a1-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'));

-- A track is one item of one server, under that server's own id.
create table tracks (
    id              bigint generated always as identity primary key,
    server_id       bigint not null references servers on delete cascade,
    server_track_id text not null,
    recording_id    bigint not null references recordings,
    revision        text not null,
    title           text not null,
    artist          text,
    album_artist    text,
    album           text,
    track_number    integer,
    disc_number     integer,
    year            integer,
    genres          text[] not null default '{}',
    seconds         real,
    bytes           bigint,
    format          text,
    path            text,
    library         text,
    musicbrainz_recording text,
    content_key     text,
    added_at        timestamptz,
    missing_since   timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),  -- when the server last told something new of it
    search          text not null generated always as (
        fold(coalesce(artist, '') || ' ' || title || ' ' || coalesce(album, ''))) stored,
    unique (server_id, server_track_id)
);
create index tracks_recording on tracks (recording_id);
create index tracks_missing on tracks (missing_since) where missing_since is not null;
create index tracks_content_key on tracks (content_key) where content_key is not null;
create index tracks_musicbrainz on tracks (musicbrainz_recording) where musicbrainz_recording is not null;
create index tracks_words on tracks using hash (search);

-- Fuzzy search, where the database offers it and lets us have it.
do $$ begin
    create extension if not exists pg_trgm;
    create index tracks_search on tracks using gin (search gin_trgm_ops);
exception when insufficient_privilege or undefined_file or undefined_object or feature_not_supported then
    raise notice 'pg_trgm is not available: the search finds exact words only';
end $$;
