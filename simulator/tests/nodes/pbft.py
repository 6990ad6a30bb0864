"""A PBFT node in plain Python, for `simulate maelstrom`: pre-prepare, prepare, commit, execute.

It has no view change, so n1 is the primary for good, and it never sends again what was lost. `--bug NAME` gives it a
bug that the router must find; they are listed in bugs.py.
"""
import hashlib
import json
import sys


class Node:
    def __init__(self):
        self.id, self.nodes, self.view = None, [], 0
        self.requests = {}  # (client, msg_id) -> slot, once it has one
        self.waiting = {}  # (client, msg_id) -> msg_ids that wait for pbft_request_ok
        self.slots = {}  # slot -> what is known of it
        self.executed = 0  # all slots up to this one are executed
        self.store = {}

    # Standard input and output: one JSON message a line. Logs go to standard error.

    def send(self, dest, body):
        print(json.dumps({"src": self.id, "dest": dest, "body": body}), flush=True)

    def reply(self, request, body):
        self.send(request["src"], {**body, "in_reply_to": request["body"]["msg_id"]})

    def broadcast(self, body):
        for node in self.nodes:
            if node != self.id:
                self.send(node, body)

    def run(self):
        for line in sys.stdin:
            message = json.loads(line)
            handler = getattr(self, "on_" + message["body"]["type"], None)
            if handler:
                try:
                    handler(message, message["body"])
                except (KeyError, TypeError) as error:  # a liar's message must not stop the node
                    print(f"ignored {line.strip()}: {error!r}", file=sys.stderr)

    # The arithmetic: n = 3f+1 nodes survive f faulty ones.

    @property
    def f(self):
        return (len(self.nodes) - 1) // 3

    @property
    def primary(self):
        return self.nodes[self.view % len(self.nodes)]

    def slot(self, number):
        empty = {"request": None, "digest": None, "prepares": {}, "commits": {}, "phase": "none"}
        return self.slots.setdefault(number, empty)

    # What clients ask for.

    def on_init(self, message, body):
        self.id, self.nodes = body["node_id"], body["node_ids"]
        self.reply(message, {"type": "init_ok"})

    def on_pbft_request(self, message, body):
        request = {"client": message["src"], "id": body["msg_id"], "operation": body["operation"]}
        key = (request["client"], request["id"])
        if key in self.requests:
            return self.answer(message, self.requests[key])
        self.waiting.setdefault(key, []).append(message)
        if self.id == self.primary:
            self.order(request)
        else:
            self.send(self.primary, {"type": "forward", "request": request})

    def on_forward(self, message, body):
        request = body["request"]
        if self.id == self.primary and (request["client"], request["id"]) not in self.requests:
            self.order(request)

    def on_pbft_status(self, message, body):
        slot = self.slot(body["sequence_number"])
        self.reply(message, {
            "type": "pbft_status_ok",
            "phase": slot["phase"],
            "prepares_received": self.count(slot, "prepares"),
            "commits_received": self.count(slot, "commits"),
            "executed": body["sequence_number"] <= self.executed,
        })

    def answer(self, message, number):
        self.reply(message, {"type": "pbft_request_ok", "sequence_number": number, "view": self.view,
                             "phase": self.slot(number)["phase"]})

    # The three phases. Votes may come before the PRE-PREPARE, so they are kept by sender and counted by digest.

    def order(self, request):
        number = max(self.requests.values(), default=0) + 1
        body = {"type": "pre_prepare", "view": self.view, "sequence_number": number,
                "digest": digest(request), "request": request}
        self.broadcast(body)
        self.accept(body)

    def on_pre_prepare(self, message, body):
        slot = self.slot(body["sequence_number"])
        if message["src"] != self.primary or body["view"] != self.view or slot["request"]:
            return
        if body["digest"] != digest(body["request"]):
            return
        self.accept(body)
        self.vote("prepare", body["sequence_number"])

    def accept(self, body):
        number, request = body["sequence_number"], body["request"]
        slot = self.slot(number)
        slot.update(request=request, digest=body["digest"], phase="pre-prepare")
        key = (request["client"], request["id"])
        self.requests[key] = number
        for message in self.waiting.pop(key, []):
            self.answer(message, number)
        self.advance(number)

    def vote(self, kind, number):
        slot = self.slot(number)
        self.broadcast({"type": kind, "view": self.view, "sequence_number": number, "digest": slot["digest"]})
        slot[kind + "s"][self.id] = slot["digest"]
        self.advance(number)

    def on_prepare(self, message, body):
        if message["src"] != self.primary and body["view"] == self.view:
            self.slot(body["sequence_number"])["prepares"].setdefault(message["src"], body["digest"])
            self.advance(body["sequence_number"])

    def on_commit(self, message, body):
        if body["view"] == self.view:
            self.slot(body["sequence_number"])["commits"].setdefault(message["src"], body["digest"])
            self.advance(body["sequence_number"])

    def count(self, slot, votes):
        return sum(digest == slot["digest"] for digest in slot[votes].values())

    def advance(self, number):
        slot = self.slot(number)
        if slot["phase"] == "pre-prepare" and self.count(slot, "prepares") >= 2 * self.f:
            slot["phase"] = "prepared"
            self.vote("commit", number)
        if slot["phase"] == "prepared" and self.count(slot, "commits") >= 2 * self.f + 1:
            slot["phase"] = "committed"
        while self.slot(self.executed + 1)["phase"] == "committed":
            self.executed += 1
            self.execute(self.slot(self.executed)["request"])

    def execute(self, request):
        key, _, value = request["operation"].removeprefix("set ").partition("=")
        self.store[key] = value


def digest(request):
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:16]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bug"]:
        import bugs
        bugs.node(sys.argv[2]).run()
    else:
        Node().run()
