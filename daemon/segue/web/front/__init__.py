"""Front doors: a port before a media server, transparent but for the questions that we answer better.

To serve clients of another kind of server, write a class with the two methods of `door.Dialect`, made from
`pool`, `follower` and `server`; name it in `dialects.DIALECTS`; and let the adapter's plugin tell by
`client_side` where its servers are and that their clients speak it. In `answer` take what the client asked,
prove by asking the server in the client's own name that it may, choose ids with `segue.similarity`, and
let the server render them. Return None to pass a request on untouched; read its body, if you must, by
`body_of`. Everything else is done: opening and closing, other ports, passing on, a server that is away.
"""

from segue.web.front.door import Dialect, make_door
from segue.web.front.doors import Doors, DoorState, DoorStatus
from segue.web.front.proxy import Proxy, ServerAway, body_of

__all__ = ["Dialect", "DoorState", "DoorStatus", "Doors", "Proxy", "ServerAway", "body_of", "make_door"]
