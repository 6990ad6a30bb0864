"""The node of pbft.py with one bug each, which the router must find."""
import json
import os
import sys
import time

from pbft import Node


class CommitsEarly(Node):
    """Takes f+1 votes for enough."""

    @property
    def f(self):
        return 0 if self.nodes else super().f


class ExecutesEarly(Node):
    """Executes what is prepared and not committed."""

    def vote(self, kind, number):
        if kind == "commit":
            self.executed = max(self.executed, number)
        else:
            super().vote(kind, number)


class WrongReply(Node):
    """Answers a request that nobody sent."""

    def reply(self, request, body):
        ok = body["type"] != "pbft_request_ok"
        self.send(request["src"], {**body, "in_reply_to": request["body"]["msg_id"] + (0 if ok else 100)})


class NoReply(Node):
    """Does not say what it answers."""

    def reply(self, request, body):
        if body["type"] == "pbft_status_ok":
            self.send(request["src"], body)
        else:
            super().reply(request, body)


class RepliesTwice(Node):
    def reply(self, request, body):
        super().reply(request, body)
        if body["type"] == "pbft_request_ok":
            super().reply(request, body)


class AnotherSource(Node):
    """Speaks for the primary."""

    def vote(self, kind, number):
        own, self.id = self.id, self.primary
        super().vote(kind, number)
        self.id = own


class UnknownRecipient(Node):
    def vote(self, kind, number):
        super().vote(kind, number)
        self.send("n9", {"type": kind})


class OneSlot(Node):
    """Gives all requests the same slot."""

    def order(self, request):
        self.slots.pop(1, None)
        self.requests.clear()
        super().order(request)


class TwoSlots(Node):
    """Each node numbers for itself."""

    def answer(self, message, number):
        super().answer(message, number + self.nodes.index(self.id))


class CountsTwice(Node):
    """Counts votes, and not who sent them."""

    def count(self, slot, votes):
        return 2 * super().count(slot, votes)


class Believes(Node):
    """Takes any PRE-PREPARE and any vote for its own, whatever they say."""

    def on_pre_prepare(self, message, body):
        if not self.slot(body["sequence_number"])["request"]:
            self.accept(body)
            self.vote("prepare", body["sequence_number"])

    def count(self, slot, votes):
        return len(slot[votes])


class MakesUp(Node):
    """Orders what no client asked for."""

    def on_pbft_request(self, message, body):
        super().on_pbft_request(message, {**body, "operation": "set x=666"})


class Garbage(Node):
    """Logs to standard output."""

    def accept(self, body):
        print("accepted slot", body["sequence_number"], flush=True)
        super().accept(body)


class WrongField(Node):
    def reply(self, request, body):
        if "executed" in body:
            body = {**body, "executed": "yes" if body["executed"] else "no"}
        super().reply(request, body)


class Dies(Node):
    def vote(self, kind, number):
        raise ArithmeticError("the backup divides by zero")


class Silent(Node):
    """Never answers anything."""

    def reply(self, request, body):
        pass


class Refuses(Node):
    def on_pbft_request(self, message, body):
        self.reply(message, {"type": "error", "code": 10, "text": "there is no pbft_request here"})


class Closes(Node):
    """Closes its standard output and stays."""

    def vote(self, kind, number):
        os.close(1)
        for _ in sys.stdin:
            pass


class Floods(Node):
    def vote(self, kind, number):
        while True:
            self.send(self.primary, {"type": "noise", "text": "x" * 1000})


class LongLine(Node):
    def vote(self, kind, number):
        sys.stdout.write("x" * 5_000_000)
        sys.stdout.flush()
        super().vote(kind, number)


def half(text):
    """Writes what is not a whole line."""
    sys.stdout.write(text)
    sys.stdout.flush()


class NoNewline(Node):
    """Answers init with a line that has no end."""

    def on_init(self, message, body):
        half('{"src": "%s", "dest": "c0", "body": {"type": "init_ok", "in_reply_to": 1}}' % body["node_id"])


class HalfVote(Node):
    """Stops in the middle of a vote."""

    def vote(self, kind, number):
        half('{"src": "')
        for _ in sys.stdin:
            pass


class WritesSlowly(Node):
    """Writes each line in two halves. Nothing is wrong with that."""

    def send(self, dest, body):
        line = json.dumps({"src": self.id, "dest": dest, "body": body}) + "\n"
        half(line[:9])
        time.sleep(0.3)
        half(line[9:])


class DiesInLine(Node):
    def vote(self, kind, number):
        half('{"src": "')
        sys.exit(3)


class EndlessLine(Node):
    def vote(self, kind, number):
        while True:
            half("x" * 100_000)


class OutOfOrder(Node):
    """Has slot 1 executed only some time after slot 2."""

    told, polls = False, 0

    def on_pbft_status(self, message, body):
        executed = self.executed
        if body["sequence_number"] == 1 and self.polls < 3:
            self.executed = 0
            self.polls += self.told
        self.told = self.told or executed >= body["sequence_number"] == 2
        super().on_pbft_status(message, body)
        self.executed = executed


BUGS = {
    "commits-early": CommitsEarly,
    "executes-early": ExecutesEarly,
    "wrong-reply": WrongReply,
    "no-reply": NoReply,
    "replies-twice": RepliesTwice,
    "another-source": AnotherSource,
    "unknown-recipient": UnknownRecipient,
    "one-slot": OneSlot,
    "two-slots": TwoSlots,
    "counts-twice": CountsTwice,
    "believes": Believes,
    "makes-up": MakesUp,
    "garbage": Garbage,
    "wrong-field": WrongField,
    "dies": Dies,
    "silent": Silent,
    "refuses": Refuses,
    "closes": Closes,
    "floods": Floods,
    "long-line": LongLine,
    "out-of-order": OutOfOrder,
    "no-newline": NoNewline,
    "half-vote": HalfVote,
    "writes-slowly": WritesSlowly,
    "dies-in-line": DiesInLine,
    "endless-line": EndlessLine,
}


def node(name):
    return BUGS[name]()
