"""Plays the seed's client: seed.py PATH PORT_OF_P PORT_OF_Q PORT_OF_R PORT_OF_S. An empty PATH is Python's own, `/RPC2`."""
import sys
import xmlrpc.client

path, *ports = sys.argv[1:]
processes = {
    name: xmlrpc.client.ServerProxy(f"http://localhost:{port}{path}") for name, port in zip("PQRS", ports)
}
for sender, proxy in processes.items():
    for recipient in processes:
        if recipient != sender:
            print("Process " + proxy.send_message(recipient, "attack"))
for name, proxy in processes.items():
    print(f"Process {name} finalized decision: {proxy.finalize_decision()}")
