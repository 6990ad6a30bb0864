"""Python's own client: all of validator1, introspection, faults and multicall."""
import sys
import platform
from datetime import datetime
from xmlrpc.client import Fault, MultiCall, ServerProxy

server = ServerProxy(sys.argv[1], use_builtin_types=True)
validator = server.validator1


def same(answer, expected):
    assert answer == expected and type(answer) is type(expected), (answer, expected)


def fault(code, call, *arguments):
    try:
        answer = call(*arguments)
    except Fault as error:
        return same(error.faultCode, code)
    raise AssertionError(("no fault", answer))


hard = "<&>\"' ]]> &amp; é Ω 中 \U0001F600\ttab\nline "
stooges = {"moe": -7, "larry": 2147483647, "curly": -2147483640}
date = datetime(2026, 2, 28, 23, 59, 58)
octets = bytes(range(256))

same(validator.arrayOfStructsTest([stooges, {"moe": 1, "larry": 2, "curly": 41}]), -2147483599)
entities = validator.countTheEntities(hard * 3)
same(entities, {"ctLeftAngleBrackets": 3, "ctRightAngleBrackets": 6, "ctAmpersands": 6, "ctApostrophes": 3, "ctQuotes": 3})
same(validator.easyStructTest(stooges), 0)
everything = {
    hard: hard, "": "", " ": " ", "yes": True, "no": False, "minus": -2147483648, "pi": -3.14159265358979, "tiny": 1e-300,
    "huge": 1.7976931348623157e308, "date": date, "octets": octets, "none": b"", "empty": [], "void": {},
    "deep": {"list": [1, [2, [3, {"four": [4.5, False, "five"]}]]]},
}
same(validator.echoStructTest(everything), everything)
same(validator.echoStructTest({}), {})
same(validator.manyTypesTest(-42, True, hard, 2.5e-7, date, octets), [-42, True, hard, 2.5e-7, date, octets])
same(validator.moderateSizeArrayCheck([hard] + ["x"] * 180 + ["é"]), hard + "é")
calendar = {"1999": {}, "2000": {"03": {}, "04": {"01": stooges, "02": {}}}}
same(validator.nestedStructTest(calendar), 0)
same(validator.simpleStructReturnTest(-213), {"times10": -2130, "times100": -21300, "times1000": -213000})

assert {"validator1.easyStructTest", "system.multicall"} <= set(server.system.listMethods())
same(server.system.methodSignature("validator1.countTheEntities"), [["struct", "string"]])
fault(-32601, validator.noSuchTest, 1)
fault(-32602, validator.easyStructTest, "a string")

many = MultiCall(server)
many.validator1.easyStructTest(stooges)
many.validator1.noSuchTest()
many.validator1.echoStructTest(everything)
answers = many()
same(answers[0], 0)
fault(-32601, lambda: answers[1])
same(answers[2], everything)

print(f"Python {platform.python_version()}, xmlrpc.client")
