-- An artist or an album may be named as a seed.
create index tracks_artist on tracks (lower(artist));
create index tracks_album on tracks (lower(album));
