"""A store in plain Python for `simulate maelstrom --workload lin-kv`, and echo: all nodes forward to n1, which has the values.

n1 survives no fault; this is about the workload. `--bug stale` has every node answer reads from what it has seen first.
"""
import json
import sys

BUG = sys.argv[2] if sys.argv[1:2] == ["--bug"] else None


class Node:
    def __init__(self):
        self.id, self.nodes, self.store, self.seen, self.waiting = None, [], {}, {}, {}

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
            elif body["type"] == "echo":
                said = "hello?" if BUG == "echo" else body["echo"]
                self.reply(client, body["msg_id"], {"type": "echo_ok", "echo": said})
            elif body["type"] == "forward":
                self.send(client, {"type": "done", "client": body["client"], "id": body["id"],
                                   "result": self.apply(body["request"])})
            elif body["type"] == "done":
                self.reply(body["client"], body["id"], body["result"])
            elif BUG == "refuses":
                self.reply(client, body["msg_id"], {"type": "error", "code": 11, "text": "not now"})
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
