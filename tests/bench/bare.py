"""The unit B: aiohttp on uvloop with a router, the body read, and a constant answer."""

import sys

import uvloop
from aiohttp import web

ANSWER = b"success"


async def receive(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=ANSWER)


if __name__ == "__main__":  # PORT
    uvloop.install()
    app = web.Application()
    app.router.add_post("/hooks/wechat/{account}", receive)
    app.router.add_get("/v/{number}", receive)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
