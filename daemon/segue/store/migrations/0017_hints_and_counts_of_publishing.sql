-- What servers tell of edited playlists, and what publishing has cost so far.
alter table publishing
    add column hinted boolean not null default false,    -- a playlist is said to have changed since the look began
    add column looks bigint not null default 0,
    add column edits bigint not null default 0,
    add column failures bigint not null default 0,
    add column seconds double precision not null default 0;
