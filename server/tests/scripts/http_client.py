"""A client of PBFT over HTTP with aiohttp: listens for replies, sends its requests one after the other, counts f+1 equal
replies, sends again when none come in time, and asks all nodes for a view change after some retries.

http_client.py ID OWN_PORT MESSAGES TIMEOUT RETRIES NODE_PORT...

With the variable ONE_NODE set it asks one node at a time, stamps its request anew whenever it asks again, and goes on to the next
node when it has asked for a view change.
"""

import asyncio
import json
import os
import sys
import time

from aiohttp import ClientError, ClientSession, ClientTimeout, web

OWN_ID, OWN_PORT, MESSAGES = (int(word) for word in sys.argv[1:4])
TIMEOUT, RETRIES = float(sys.argv[4]), int(sys.argv[5])
NODES = [f"http://localhost:{port}" for port in sys.argv[6:]]
F = (len(NODES) - 1) // 3


class Client:
    def __init__(self, session):
        self.session = session
        self.proposal = None
        self.replied = set()
        self.done = asyncio.Event()

    async def get_reply(self, request):
        reply = json.loads(await request.text())
        assert reply["type"] == "reply" and isinstance(reply["view"], int), reply
        if reply["proposal"] == self.proposal:
            self.replied.add(reply["index"])
            if len(self.replied) > F:
                self.done.set()
        return web.Response()

    async def post(self, url, body):
        try:
            async with self.session.post(url, json=body) as response:
                await response.read()
        except (ClientError, asyncio.TimeoutError):
            pass

    async def post_to_all(self, path, body):
        await asyncio.gather(*(self.post(node + path, body) for node in NODES))

    async def request(self, sequence):
        self.proposal = {
            "id": (OWN_ID, sequence),
            "client_url": f"http://localhost:{OWN_PORT}/reply",
            "timestamp": time.time(),
            "data": f"client {OWN_ID} says {sequence}",
        }
        # As it comes back: a tuple is a list in JSON.
        self.proposal = json.loads(json.dumps(self.proposal))
        self.replied.clear()
        self.done.clear()
        for attempt in range(60):
            if attempt > RETRIES:
                await self.post_to_all("/view_change_request", {"action": "view change"})
            if attempt == 0:
                await self.post(NODES[0] + "/request", self.proposal)
            else:
                await self.post_to_all("/request", self.proposal)
            try:
                await asyncio.wait_for(self.done.wait(), TIMEOUT)
                return True
            except asyncio.TimeoutError:
                pass
        return False


class OneNodeClient(Client):
    async def request(self, sequence):
        node = failures = 0
        for _ in range(60):
            self.proposal = {
                "id": [OWN_ID, sequence],
                "client_url": f"http://localhost:{OWN_PORT}/reply",
                "timestamp": time.time(),
                "data": f"client {OWN_ID} says {sequence}",
            }
            self.replied.clear()
            self.done.clear()
            await self.post(NODES[node] + "/request", self.proposal)
            try:
                await asyncio.wait_for(self.done.wait(), TIMEOUT)
                return True
            except asyncio.TimeoutError:
                failures += 1
            if failures > RETRIES:
                await self.post_to_all("/view_change_request", {"action": "view change"})
                failures = 0
                node = (node + 1) % len(NODES)
        return False


async def main():
    async with ClientSession(timeout=ClientTimeout(total=TIMEOUT)) as session:
        client = (OneNodeClient if os.environ.get("ONE_NODE") else Client)(session)
        app = web.Application()
        app.router.add_post("/reply", client.get_reply)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "localhost", OWN_PORT).start()
        succeeded = 0
        for sequence in range(MESSAGES):
            succeeded += await client.request(sequence)
        print(f"{succeeded} of {MESSAGES}")
        await runner.cleanup()


asyncio.run(main())
