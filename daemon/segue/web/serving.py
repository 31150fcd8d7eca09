"""Runs an application so that even a request which is no HTTP is answered with a problem document."""

import secrets
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from segue.web import problems
from segue.web.boundary import answer_faults, dress
from segue.web.errors import INTERNAL, MALFORMED, Refusal

__all__ = ["Runner"]


class Runner(web.AppRunner):
    """The runner of our applications; a client that leaves ends its request."""

    def __init__(self, app: web.Application, **options: Any) -> None:
        super().__init__(app, handler_cancellation=True, access_log=None, **options)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()

        async def checked(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Expect", "100-continue").lower() != "100-continue":
                raise Refusal(MALFORMED, "Of all expectations only `Expect: 100-continue` can be met.")
            return await made.request_handler(request)

        async def handle(request: BaseRequest) -> web.StreamResponse:
            """Also what is refused before the application's middleware begins."""
            assert isinstance(request, web.Request)
            return await answer_faults(request, checked)

        return _Server(
            handle,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **made._kwargs,
        )


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Protocol(RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Only what is not HTTP comes here; the rest was answered before."""
        if request.writer.output_size > 0:
            raise ConnectionError("The reply had begun; it cannot be taken back.")
        if status < 500:
            refusal = Refusal(MALFORMED, "This is not a request in HTTP/1.1 as this daemon reads it.")
        else:
            self.log_exception("Error handling request", exc_info=exc)
            refusal = Refusal(INTERNAL, "This is a fault of the daemon; its log says more.")
        response = problems.reply(refusal, request_id=secrets.token_hex(8))
        dress(request, response)
        response.force_close()
        return response
