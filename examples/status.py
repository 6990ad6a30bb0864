"""Where the processes stand, every second until Ctrl-C, or so many times.

    server
    python3 examples/status.py [PORT PORT PORT PORT [TIMES]]
"""
import itertools
import sys
import time
from xmlrpc.client import Error

from endpoints import end, endpoint

arguments = sys.argv[1:]
if len(arguments) not in (0, 4, 5) or not all(argument.isdecimal() for argument in arguments):
    end("give the ports of four processes (8000 to 8003 without them), and how many times they are asked")
ports = arguments[:4] or range(8000, 8004)
times = range(int(arguments[4])) if len(arguments) > 4 else itertools.count()


def line(port):
    try:
        it = endpoint(port).status()
    except (OSError, Error) as error:
        return f"localhost:{port}: no process answers there ({error})"
    return (f"{it['process']}: view {it['view']}, primary {it['primary']}, executed {it['executed']}, "
            f"round {it['round']['round']} {it['round']['decision'] or 'undecided'}, fault {it['fault']}")


try:
    for number in times:
        if number:
            time.sleep(1)
        for port in ports:
            print(line(port), flush=True)
except KeyboardInterrupt:
    sys.exit(130)
