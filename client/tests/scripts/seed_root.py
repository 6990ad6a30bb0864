"""Plays the seed's client against the path `/`: seed_root.py PORT_OF_P PORT_OF_Q PORT_OF_R PORT_OF_S"""
import sys
import xmlrpc.client

processes = {
    name: xmlrpc.client.ServerProxy(f"http://localhost:{port}/") for name, port in zip("PQRS", sys.argv[1:])
}
for sender, proxy in processes.items():
    for recipient in processes:
        if recipient != sender:
            print("Process " + proxy.send_message(recipient, "attack"))
for name, proxy in processes.items():
    print(f"Process {name} finalized decision: {proxy.finalize_decision()}")
