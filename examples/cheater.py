"""This script cheats: it changes its bid after the close. Its first bid counts, and the cheater is named.

    server 127.0.0.1 9000
    server 127.0.0.1 9000 3
    python3 examples/cheater.py [PORT [LOT [AMOUNT]]]

The first two run in terminals of their own. The node at PORT, 9000 without it, speaks for this script.
"""
import sys

from bidder import run


def example(bidder, amount):
    print(f"{bidder.name} bids for '{bidder.lot}':", bidder.bid(amount))
    bidder.at("revealing")
    print(f"{bidder.name} bids again, after the close:", bidder.bid(amount + 25))
    print(f"{bidder.name} reveals {amount}:", bidder.reveal(amount))
    bidder.at("ended")
    for line in bidder.node.happenings()["happenings"]:
        if line["stage"] == "malicious" and f"'{bidder.lot}'" in line["text"]:
            print("every node says:", line["text"])


run(example, *sys.argv[1:])
