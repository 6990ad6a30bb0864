"""Sends different decisions to different recipients, in two rounds: different_decisions.py PATH PORT..."""
import sys
import xmlrpc.client

path, *ports = sys.argv[1:]
processes = {
    name: xmlrpc.client.ServerProxy(f"http://localhost:{port}{path}") for name, port in zip("PQRS", ports)
}
for round_number in (1, 2):
    for sender, proxy in processes.items():
        for place, recipient in enumerate(processes):
            if recipient != sender:
                proxy.send_message(recipient, "attack" if (place + round_number) % 2 else "retreat")
    print(" ".join(proxy.finalize_decision() for proxy in processes.values()))
