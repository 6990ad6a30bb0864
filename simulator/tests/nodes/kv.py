"""A store in plain Python for `simulate maelstrom --workload lin-kv`, and echo: all nodes forward to n1, which has the values.

n1 survives no fault; this is about the workload. `--bug NAME [CODE]` gives it a bug:

    stale           every node answers reads from what it has seen first
    echo            says something else
    refuses         answers everything with CODE, or with 11
    starts-late     answers everything with CODE for 1.5 s and is right from then on, as a Raft before its first election
    writes-refused  does every write and answers every second one with CODE
    reads-fail      answers every second read with CODE
"""
import json
import sys
import time

BUG = sys.argv[2] if sys.argv[1:2] == ["--bug"] else None
CODE = int(sys.argv[3]) if len(sys.argv) > 3 else 11
START = time.monotonic()


class Node:
    def __init__(self):
        self.id, self.nodes, self.store, self.seen, self.counts = None, [], {}, {}, {}

    def fails(self, kind):
        """Whether this request is one that the bug answers with an error."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        second = self.counts[kind] % 2 == 0
        return (BUG == "refuses" or BUG == "starts-late" and time.monotonic() < START + 1.5
                or BUG == "reads-fail" and kind == "read" and second
                or BUG == "writes-refused" and kind == "write" and second)

    def send(self, dest, body):
        print(json.dumps({"src": self.id, "dest": dest, "body": body}), flush=True)

    def reply(self, client, msg_id, body):
        self.send(client, {**body, "in_reply_to": msg_id})

    def run(self):
        for line in sys.stdin:
            message = json.loads(line)
            client, body = message["src"], message["body"]
            if body["type"] == "init":
                self.id, self.nodes = body["node_id"], body["node_ids"]
                self.reply(client, body["msg_id"], {"type": "init_ok"})
            elif body["type"] in ("echo", "read", "write", "cas") and self.fails(body["type"]):
                if BUG == "writes-refused":
                    self.apply(body)
                self.reply(client, body["msg_id"], {"type": "error", "code": CODE, "text": "not now"})
            elif body["type"] == "echo":
                said = "hello?" if BUG == "echo" else body["echo"]
                self.reply(client, body["msg_id"], {"type": "echo_ok", "echo": said})
            elif body["type"] == "forward":
                self.send(client, {"type": "done", "client": body["client"], "id": body["id"],
                                   "result": self.apply(body["request"])})
            elif body["type"] == "done":
                self.reply(body["client"], body["id"], body["result"])
            elif self.id == "n1" and BUG != "stale":
                self.reply(client, body["msg_id"], self.apply(body))
            elif BUG == "stale" and body["type"] == "read":
                self.reply(client, body["msg_id"], self.seen.setdefault(body["key"], self.apply(body)))
            elif BUG == "stale":
                self.reply(client, body["msg_id"], self.apply(body))
            else:
                self.send("n1", {"type": "forward", "client": client, "id": body["msg_id"], "request": body})

    def apply(self, body):
        kind, key = body["type"], body["key"]
        if kind == "write":
            self.store[key] = body["value"]
            return {"type": "write_ok"}
        if key not in self.store:
            return {"type": "error", "code": 20, "text": "there is no such key"}
        if kind == "read":
            return {"type": "read_ok", "value": self.store[key]}
        if self.store[key] != body["from"]:
            return {"type": "error", "code": 22, "text": f"the value is {self.store[key]}"}
        self.store[key] = body["to"]
        return {"type": "cas_ok"}


if __name__ == "__main__":
    Node().run()
