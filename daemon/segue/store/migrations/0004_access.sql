-- Bearer tokens of the admin API; only a hash is kept.
create table tokens (
    id              bigint generated always as identity primary key,
    name            text not null,
    lookup          text not null unique,       -- the token's public half
    secret_hash     text not null,              -- argon2id of its secret half
    scopes          text[] not null check (scopes <@ array['admin', 'read', 'play'] and scopes <> '{}'),
    created_at      timestamptz not null default now(),
    last_used_at    timestamptz,
    revoked_at      timestamptz
);
create unique index tokens_name on tokens (name) where revoked_at is null;

-- Single tracks of which a hint came and that have not been looked at yet; vaguer hints want a walk.
create table inbox (
    id              bigint generated always as identity primary key,
    server_id       bigint not null references servers on delete cascade,
    track_id        text not null,
    received_at     timestamptz not null default now()
);
create index inbox_server on inbox (server_id, id);
