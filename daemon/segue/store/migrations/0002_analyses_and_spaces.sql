-- A space is a way to make vectors; several live side by side and one serves.
create table spaces (
    id          bigint generated always as identity primary key,
    name        text not null unique,
    dimensions  integer not null check (dimensions > 0),
    serving     boolean not null default false,
    projection  bytea,                          -- how its vectors are made from pooled features
    fitted_on   integer,
    created_at  timestamptz not null default now()
);
create unique index spaces_serving on spaces (serving) where serving;
-- The network's own embedding: always kept, and serves until a projection does.
insert into spaces (name, dimensions, serving) values ('musicnn-raw', 200, true);

-- What was heard in a recording, by which version of the engine. Missing is null, never 0.
create table analyses (
    recording_id    bigint primary key references recordings on delete cascade,
    version         integer not null,
    quality         quality not null,
    patches         integer not null,
    embedding       bytea not null check (octet_length(embedding) = 800),      -- 200 float32
    tags            bytea not null check (octet_length(tags) = 200),           -- 50 float32
    features_mean   bytea not null,                                            -- float16
    features_std    bytea not null,                                            -- float16
    tempo           real,
    tempo_confidence real,
    key             text check (key in ('C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B')),
    scale           text check (scale in ('major', 'minor')),
    key_confidence  real,
    energy          real,
    loudness        real,
    true_peak       real,
    dance           real,
    pulse           real,
    flux            real,
    mode            real,
    intro_silence   real,
    outro_silence   real,
    analysed_at     timestamptz not null default now()
);

-- Why a descriptor of an analysis is null.
create table missing_descriptors (
    recording_id    bigint not null references analyses on delete cascade,
    descriptor      text not null,
    reason          text not null,
    primary key (recording_id, descriptor)
);

-- Vectors by space. A follower reads rows by `tx`: everything below the oldest transaction that
-- was running at its last look is known to it, everything else is read again. `change` orders
-- rows for people and metrics. A deleted vector stays as a tombstone so that followers learn it.
create sequence embedding_changes;
create table embeddings (
    space_id        bigint not null references spaces on delete cascade,
    recording_id    bigint not null,
    vector          bytea,                      -- float32, null when deleted
    change          bigint not null,
    tx              xid8 not null,
    primary key (space_id, recording_id)
);
create index embeddings_tx on embeddings (space_id, tx, change);

create function stamp_embedding() returns trigger language plpgsql as $$
begin
    new.tx := pg_current_xact_id();
    new.change := nextval('embedding_changes');
    return new;
end $$;
create trigger stamp_embedding before insert or update on embeddings
    for each row execute function stamp_embedding();

-- Whoever deletes a recording, its vectors stay behind as tombstones.
create function bury_embeddings() returns trigger language plpgsql as $$
begin
    update embeddings set vector = null where recording_id = old.id and vector is not null;
    return null;
end $$;
create trigger bury_embeddings after delete on recordings
    for each row execute function bury_embeddings();
create index embeddings_recording on embeddings (recording_id);

-- Transaction numbers belong to one database cluster; after a restore elsewhere all rows are stamped anew.
create table cluster_identity (
    one             boolean primary key default true check (one),
    system_identifier bigint not null
);
