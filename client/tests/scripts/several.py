"""Several operations in one call: all results in their order, and a bad operation hides none of them."""
import sys
from xmlrpc.client import Fault, ServerProxy

path, *ports = sys.argv[1:]
P, Q = (ServerProxy(f"http://localhost:{port}{path}") for port in ports[:2])

one, bad, two = P.submit(["set x=1", "sing", "set y=2"])
print(one["result"], bad["faultCode"], bad["faultString"].split(",")[0], two["result"])
print(*(answer["result"] for answer in Q.submit(["get x", "get y", "get z"])))
print(*(answer["done"] for answer in Q.submit(["get x", "get y", "get z"])))
print(P.submit([]))

many = P.submit([f"set key{number}={number}" for number in range(512)])
print(len(many), {answer["result"] for answer in many})
many = Q.submit([f"get key{number}" for number in range(512)])
print([answer["result"] for answer in many] == [str(number) for number in range(512)])

P.submit([f"set long{number}={'<' * 4096}" for number in range(200)])
long = Q.submit([f"get long{number}" for number in range(200)])
told = [answer for answer in long if "result" in answer]
print(all(answer["result"] == "<" * 4096 for answer in told))
print({answer["faultCode"] for answer in long if answer not in told})

for operations in ["set x=1"] * 513, [7], ["x" * 600_000] * 2:
    try:
        P.submit(operations)
    except Fault as fault:
        print(fault.faultCode)
try:
    P.submit(["set x=1"], "anna", 1)
except Fault as fault:
    print(fault.faultCode)
