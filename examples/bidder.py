"""Joins an auction with a sealed bid of its own: it commits with hashlib, reveals after the close, and reads the winner.

    server 127.0.0.1 9000
    server 127.0.0.1 9000 3
    python3 examples/bidder.py [PORT [LOT [AMOUNT]]]

The first two run in terminals of their own. The node at PORT, 9000 without it, speaks for this script. It puts LOT up for
auction if nobody has. Give the other nodes their bids with: client bid LOT AMOUNT --endpoint HOST:PORT
"""
import hashlib
import secrets
import sys
from xmlrpc.client import ServerProxy

from endpoints import guard, wait


class Bidder:
    """The node at a port, which puts a lot up for auction if nobody has, and says what this script wants to say."""

    def __init__(self, port, lot):
        self.node = ServerProxy(f"http://localhost:{port}/")
        self.lot = lot
        wait(self.node.agreement, lambda agreement: "slot" in agreement)
        self.node.open_auction(lot, "second")
        self.auction = self.at("bidding", "revealing", "ended")
        self.name = self.node.status()["process"]
        self.salt = secrets.token_hex(32)

    def at(self, *stages):
        """The auction, once it is at one of these stages."""
        return wait(lambda: self.node.auction(self.lot), lambda auction: auction["auction"]["stage"] in stages)

    def say(self, command):
        return self.node.submit(f"{self.auction['epoch']} {command}")["result"]

    def bid(self, amount):
        cluster, epoch = self.auction["cluster"], self.auction["epoch"]
        sealed = f"bid {cluster} {epoch} {self.lot} {self.name} {amount} {self.salt}"
        return self.say(f"bid {self.lot} {hashlib.sha256(sealed.encode()).hexdigest()}")

    def reveal(self, amount):
        self.at("revealing", "ended")
        return self.say(f"reveal {self.lot} {amount} {self.salt}")


def run(example, port="9000", lot="chair", amount="75"):
    guard(lambda: example(Bidder(port, lot), int(amount)))


def example(bidder, amount):
    print(f"{bidder.name} bids for '{bidder.lot}':", bidder.bid(amount))
    print(f"{bidder.name} reveals {amount}:", bidder.reveal(amount))
    auction = bidder.at("ended")["auction"]
    print(f"{auction.get('winner', 'nobody')} wins and pays {auction.get('pays', 0)}")


if __name__ == "__main__":
    run(example, *sys.argv[1:])
