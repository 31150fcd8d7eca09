-- Workers look several times a second whether they still hold what they work on.
create index recordings_leased on recordings (lease_owner) where lease_owner is not null;
create index runs_leased on runs (lease_owner) where lease_owner is not null;
