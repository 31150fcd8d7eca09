"""Libraries of made songs in the database, and orders to group them."""

import numpy as np

from segue.clustering import ClusteringParameters
from segue.clustering.corpus import Corpus
from segue.clustering.order import Order
from segue.model import RecordingId, RunId
from segue.store import runs, spaces
from segue.store.pool import Connection
from tests.daemon.clustering.songs import make_songs
from tests.daemon.store_recordings.rows import add_server

QUICK = ClusteringParameters(clustering_runs=60, iterations_per_batch=5, concurrent_batches=4, patience=2)


async def fill(
    c: Connection, count: int, *, genres: int = 6, seed: int = 0, corpus: Corpus | None = None
) -> list[RecordingId]:
    """Heard recordings with a track each, on the server `attic`."""
    corpus = corpus or make_songs(count, genres=genres, seed=seed).corpus
    server, space = await add_server(c), await spaces.serving(c)
    assert space is not None
    cursor = await c.execute(_RECORDINGS, [len(corpus)])
    ids = [RecordingId(row[0]) async for row in cursor]
    values = {
        "ids": ids,
        "server": server,
        "space": space.id,
        "vectors": [row.tobytes() for row in corpus.vectors.astype("<f4")],
        "tags": [row.tobytes() for row in corpus.tags.astype("<f4")],
        "tempos": corpus.tempo.tolist(),
        "energies": corpus.energy.tolist(),
        "artists": list(corpus.artists),
    }
    for statement in (_TRACKS, _ANALYSES, _EMBEDDINGS):
        await c.execute(statement, values)
    return ids


async def order(c: Connection, parameters: ClusteringParameters = QUICK, *, seed: int = 5) -> RunId:
    """A run that looks for groups."""
    wanted = Order(parameters=parameters, seed=seed).as_dict()
    return await runs.create(c, "clustering", arguments=wanted)


def artists_of(corpus: Corpus) -> int:
    """How many there are."""
    return len(np.unique(np.array(corpus.artists)))


_RECORDINGS = "insert into recordings (seconds) select 200 from generate_series(1, %s) returning id"
_TRACKS = """
insert into tracks (server_id, server_track_id, recording_id, revision, title, artist, library)
select %(server)s, id::text, id, '1', 'Song ' || id, artist, 'music'
  from unnest(%(ids)s::bigint[], %(artists)s::text[]) as given(id, artist)
"""
_ANALYSES = """
insert into analyses (recording_id, version, quality, patches, embedding, tags, features_mean, features_std,
                      tempo, energy)
select id, 1, 'fast', 8, vector, tags, '', '', tempo, energy
  from unnest(%(ids)s::bigint[], %(vectors)s::bytea[], %(tags)s::bytea[], %(tempos)s::real[],
              %(energies)s::real[]) as given(id, vector, tags, tempo, energy)
"""
_EMBEDDINGS = """
insert into embeddings (space_id, recording_id, vector)
select %(space)s, id, vector from unnest(%(ids)s::bigint[], %(vectors)s::bytea[]) as given(id, vector)
"""
