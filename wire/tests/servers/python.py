"""The validator1 methods over Python's own server. Prints its port, and serves until standard input ends."""
import platform
import sys
from threading import Thread
from xmlrpc.server import SimpleXMLRPCServer


class Validator:
    def arrayOfStructsTest(self, structs):
        return sum(struct["curly"] for struct in structs)

    def countTheEntities(self, text):
        names = {"<": "LeftAngleBrackets", ">": "RightAngleBrackets", "&": "Ampersands", "'": "Apostrophes", '"': "Quotes"}
        return {"ct" + name: text.count(character) for character, name in names.items()}

    def easyStructTest(self, struct):
        return struct["moe"] + struct["larry"] + struct["curly"]

    def echoStructTest(self, struct):
        return struct

    def manyTypesTest(self, *values):
        return list(values)

    def moderateSizeArrayCheck(self, texts):
        return texts[0] + texts[-1]

    def nestedStructTest(self, calendar):
        return self.easyStructTest(calendar["2000"]["04"]["01"])

    def simpleStructReturnTest(self, number):
        return {f"times{factor}": number * factor for factor in (10, 100, 1000)}


validator = Validator()
server = SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False)
server.register_introspection_functions()
for method in dir(Validator):
    if not method.startswith("_"):
        server.register_function(getattr(validator, method), f"validator1.{method}")
print(server.server_address[1], f"Python {platform.python_version()}, xmlrpc.server", flush=True)
Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
