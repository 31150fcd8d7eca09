-- A port of ours before a media server; without a host it is the daemon's own address; port 0 is any free one.
create table front_doors (
    server_id       bigint primary key references servers on delete cascade,
    host            text,
    port            integer not null check (port between 0 and 65535)
);
