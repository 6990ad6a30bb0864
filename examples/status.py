"""Where the processes stand, again and again until Ctrl-C, or so many times.

    cargo run --release --bin server
    python3 examples/status.py [PORT PORT PORT PORT [TIMES]]
"""
import itertools
import sys
import time
from xmlrpc.client import Error, ServerProxy

ports = sys.argv[1:5] or range(8000, 8004)
times = range(int(sys.argv[5])) if len(sys.argv) > 5 else itertools.count()
processes = [ServerProxy(f"http://localhost:{port}/") for port in ports]

for number in times:
    if number:
        time.sleep(1)
    for process in processes:
        try:
            it = process.status()
        except (OSError, Error) as error:
            print(error)
            continue
        print(f"{it['process']}: view {it['view']}, primary {it['primary']}, executed {it['executed']}, "
              f"round {it['round']['round']} {it['round']['decision'] or 'undecided'}, fault {it['fault']}")
