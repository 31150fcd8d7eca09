-- What other people's heads say about a recording, by the head's name. Their embeddings are spaces.
create table head_scores (
    recording_id    bigint not null references analyses on delete cascade,
    head            text not null,
    scores          bytea not null,             -- float32, the mean over patches
    primary key (recording_id, head)
);

-- Workers that hear, as they last told of themselves.
create table hearing_workers (
    identity        text primary key,
    device          text,
    reason          text,                       -- why this device
    slots           integer not null,
    percent         integer not null,
    quiet_until     timestamptz,
    seen_at         timestamptz not null default now()
);
