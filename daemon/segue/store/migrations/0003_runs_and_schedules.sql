-- A run is a long piece of work that a person can watch and cancel.
create table runs (
    id              bigint generated always as identity primary key,
    kind            text not null,
    parent_id       bigint references runs on delete cascade,
    server_id       bigint references servers on delete cascade,
    schedule_id     bigint,
    due_at          timestamptz,                -- the schedule's moment that caused it
    arguments       jsonb not null default '{}',
    state           text not null default 'PENDING'
                    check (state in ('PENDING', 'STARTED', 'PROGRESS', 'SUCCESS', 'FAILURE', 'REVOKED')),
    done            bigint not null default 0,
    failed          bigint not null default 0,
    total           bigint,
    message         text not null default '',
    attempts        integer not null default 0,
    not_before      timestamptz,
    lease_owner     text,
    lease_until     timestamptz,
    created_at      timestamptz not null default now(),
    started_at      timestamptz,
    finished_at     timestamptz,
    updated_at      timestamptz not null default now(),
    check ((finished_at is not null) = (state in ('SUCCESS', 'FAILURE', 'REVOKED'))),
    check ((lease_owner is null) = (lease_until is null)),
    unique (schedule_id, due_at)
);
create index runs_parent on runs (parent_id);
create index runs_open on runs (kind, id) where finished_at is null;
-- Wanting the same thing twice is wanting it once.
create unique index runs_pending_walk on runs (server_id) where kind = 'walk' and state = 'PENDING';
create unique index runs_open_analyse on runs (kind) where kind = 'analyse' and finished_at is null;

create table run_log (
    id              bigint generated always as identity primary key,
    run_id          bigint not null references runs on delete cascade,
    at              timestamptz not null default now(),
    level           text not null check (level in ('info', 'warning', 'error')),
    line            text not null
);
create index run_log_run on run_log (run_id, id);

-- When which kind of run shall begin.
create table schedules (
    id              bigint generated always as identity primary key,
    name            text not null unique,
    kind            text not null,
    server_id       bigint references servers on delete cascade,
    arguments       jsonb not null default '{}',
    cron            text not null,
    timezone        text not null default 'UTC',
    enabled         boolean not null default true,
    next_due_at     timestamptz,
    last_due_at     timestamptz,
    created_at      timestamptz not null default now()
);
create index schedules_due on schedules (next_due_at) where enabled;
alter table runs add foreign key (schedule_id) references schedules on delete set null;
