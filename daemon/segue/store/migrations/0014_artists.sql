-- What an artist sounds like in a space, fitted to the vectors whose change numbers make the digest.
create table artist_models (
    space_id        bigint not null references spaces on delete cascade,
    artist          text not null,              -- lower case
    name            text not null,              -- as most of its tracks write it
    recordings      integer not null,
    digest          bigint not null,
    model           bytea not null,
    primary key (space_id, artist)
);
