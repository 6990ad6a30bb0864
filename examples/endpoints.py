"""What the examples share: find the processes of a running server, and say in a sentence what went wrong."""
import sys
import time
from xmlrpc.client import Error, Fault, ServerProxy

USAGE = "give the port of the first process (8000 without it), or the ports of all of them"


def endpoint(port):
    return ServerProxy(f"http://localhost:{port}/")


def processes(ports):
    """The processes by name, P first. `ports`: those of all processes, the first one alone, or none for 8000 and what follows."""
    if not all(port.isdecimal() and 0 < int(port) < 65536 for port in ports):
        end(f"{' '.join(ports)}: {USAGE}")
    if len(ports) < 2:
        first = int(*ports or ["8000"])
        ports = range(first, first + ask(first)["processes"])
    return {ask(port)["process"]: endpoint(port) for port in ports}


def ask(port):
    """The status of the process at this port; without one the script ends."""
    try:
        return endpoint(port).status()
    except (OSError, Error) as error:
        end(f"localhost:{port}: no process answers there ({error}). Start them in another terminal: {server()}")


def server():
    """The command that starts the processes for this script, as its own description has it."""
    lines = (sys.modules["__main__"].__doc__ or "").splitlines()
    return next((line.strip() for line in lines if line.startswith("    server")), "server")


def end(reason):
    """Ends the script with exit status 2."""
    print(reason, file=sys.stderr)
    sys.exit(2)


def run(example):
    """Calls the example with the processes at the ports of the command line."""
    guard(lambda: example(processes(sys.argv[1:])))


def guard(do):
    """Does this. Ends the script with a sentence if a process refuses, or does not answer."""
    try:
        do()
    except Fault as fault:
        end(f"fault {fault.faultCode}: {fault.faultString}")
    except (OSError, Error) as error:
        end(f"a process does not answer: {error}. Start it in another terminal: {server()}")


def wait(ask, holds):
    """Asks again and again until the answer is right. Meanwhile the cluster may not be founded, or the lot may not be up."""
    while True:
        try:
            if holds(answer := ask()):
                return answer
        except Fault as fault:
            if fault.faultCode not in (17, 18):
                raise
        time.sleep(0.1)


def exchange(processes, decisions):
    """Every process sends its decision to every other. Returns what each finally decided, by name."""
    for name, process in processes.items():
        for other in processes:
            if other != name:
                process.send_message(other, decisions[name])
    return {name: process.finalize_decision() for name, process in processes.items()}
