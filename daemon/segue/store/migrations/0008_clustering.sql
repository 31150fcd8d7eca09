-- A search for groups between its generations: small numbers, so that any worker can go on with it.
create table cluster_searches (
    run_id          bigint primary key references runs on delete cascade,
    key             text not null,              -- names the library's pieces on a worker's own disk
    last_id         bigint references clusterings on delete set null,  -- whose groups may live on
    parameters      text not null,              -- JSON, as the search itself writes it
    seed            bigint not null,
    space_id        bigint references spaces on delete set null,
    servers         bigint[],                   -- null: of every server
    libraries       text[],                     -- null: of every library
    recordings      integer not null,
    state           bytea not null default '',  -- the checkpoint, empty until it has begun
    finished        boolean not null default false,
    updated_at      timestamptz not null default now()
);
-- The library as it was when the search began, in pieces; gone with the search.
create table cluster_search_pieces (
    run_id          bigint not null references runs on delete cascade,
    number          integer not null,
    piece           bytea not null,
    primary key (run_id, number)
);
alter table cluster_search_pieces alter column piece set storage external;
-- What a child run of a search is asked, and what came of it.
create table cluster_batches (
    run_id          bigint primary key references runs on delete cascade,
    search_id       bigint not null references cluster_searches on delete cascade,
    request         text not null,
    results         text
);
create index cluster_batches_search on cluster_batches (search_id);

alter table clusterings
    add column source text not null default 'vectors' check (source in ('vectors', 'features')),
    add column servers bigint[],
    add column libraries text[],
    add column model bytea,                     -- how new music finds its group
    add column mean_distance double precision not null default 0,
    add column remarks text[] not null default '{}';

create sequence cluster_lineages;
alter table clusters
    add column place integer not null,          -- the row of its centre in the model
    add column position integer,                -- rank among the chosen playlists, null: not chosen
    add column description text not null default '',
    add unique (clustering_id, place),
    add unique (clustering_id, lineage);
alter table cluster_members
    add column ordinal integer,                 -- place in the order of playing, null: not played
    add column joined_at timestamptz;           -- null: it was there when the groups were found

-- New analyses are looked for by their moment.
create index analyses_moment on analyses (analysed_at);

-- Schedules that were given once: who removes one is not given it again.
create table given_schedules (
    name            text primary key,
    given_at        timestamptz not null default now()
);
