-- What a playlist is made of may also be a person's own list that asks to be filled.
alter table playlists drop constraint playlists_kind_check;
alter table playlists
    add constraint playlists_kind_check check (kind in ('cluster', 'recipe', 'static', 'asked')),
    add column named_by_person boolean not null default false,  -- no maker gives it another name
    add column held boolean not null default false,     -- rolled back: nothing new until told to follow again
    add column songs_at_most integer check (songs_at_most > 0),
    add column withdrawn boolean not null default false, -- no server shall have it
    add column refresh_hours real check (refresh_hours > 0),
    add column made_at timestamptz,                     -- when its recipe was last followed
    add column made_change bigint not null default 0,   -- how much music was heard then
    add column not_before timestamptz,                  -- back-off after a recipe that could not be followed
    add column attempts integer not null default 0,
    add column last_error text;
create index playlists_stale on playlists (stale_since) where stale_since is not null;

-- Where a playlist shall be; without a row: on every server that keeps playlists, as our own account.
create table playlist_targets (
    playlist_id     bigint not null references playlists on delete cascade,
    server_id       bigint not null references servers on delete cascade,
    server_user     text not null default '',
    primary key (playlist_id, server_id, server_user)
);

-- A copy knows what stood on the server after our last look, and what we were about to do to it.
alter table playlist_copies
    add column token text not null default replace(gen_random_uuid()::text, '-', ''),  -- its name while it is made
    add column theirs boolean not null default false,   -- a person's own list that asked to be filled
    add column given_up text check (given_up in ('deleted', 'taken_over', 'refused')),
    add column own_name text,                           -- what a person called it there
    add column shown_name text,                         -- what the server calls it
    add column seen text[] not null default '{}',       -- the songs that stood there
    add column filled text[] not null default '{}',     -- a person's own list: those that are from us
    add column moves boolean not null default false,    -- on this server an id follows the name
    add column published_public boolean,
    add column published_description text,
    add column revision text,
    add column revision_since timestamptz,
    add column read_at timestamptz,
    add column intent_name text,                        -- an edit under way
    add column intent_tracks text[],
    add column intent_known text[],                     -- the ids that were on the server before it
    add column attempts integer not null default 0,
    add column not_before timestamptz;

-- When which server's playlists are looked at; one worker at a time does.
create table publishing (
    server_id       bigint primary key references servers on delete cascade,
    due_at          timestamptz not null default now(),
    wanted          bigint not null default 0,          -- grows with every wish to look
    known           text[] not null default '{}',       -- the playlists it listed at the last look
    looked_at       timestamptz,
    compared        bigint not null default -1,         -- `wanted` when every copy was last compared with its playlist
    compared_at     timestamptz,
    attempts        integer not null default 0,
    last_error      text,
    lease_owner     text,
    lease_until     timestamptz,
    check ((lease_owner is null) = (lease_until is null))
);
