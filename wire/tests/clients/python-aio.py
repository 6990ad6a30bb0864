"""Python's aioxmlrpc: all of validator1, introspection, faults and multicall."""
import asyncio
import platform
import sys
from datetime import datetime
from xmlrpc.client import Binary, DateTime, Fault

try:
    from importlib.metadata import version

    from aioxmlrpc.client import ServerProxy
except ImportError:
    print("the package aioxmlrpc is not installed")
    sys.exit(77)


def same(answer, expected):
    assert answer == expected and type(answer) is type(expected), (answer, expected)


async def fault(code, answer):
    try:
        answer = await answer
    except Fault as error:
        return same(error.faultCode, code)
    raise AssertionError(("no fault", answer))


async def main():
    server = ServerProxy(sys.argv[1])
    validator = server.validator1
    hard = "<&>\"' ]]> &amp; é Ω 中 \U0001F600\ttab\nline "
    stooges = {"moe": -7, "larry": 2147483647, "curly": -2147483640}
    date = DateTime(datetime(2026, 2, 28, 23, 59, 58))
    octets = Binary(bytes(range(256)))

    same(await validator.arrayOfStructsTest([stooges, {"moe": 1, "larry": 2, "curly": 41}]), -2147483599)
    entities = await validator.countTheEntities(hard * 3)
    same(entities, {"ctLeftAngleBrackets": 3, "ctRightAngleBrackets": 6, "ctAmpersands": 6, "ctApostrophes": 3, "ctQuotes": 3})
    same(await validator.easyStructTest(stooges), 0)
    everything = {hard: hard, "": "", " ": " ", "yes": True, "no": False, "pi": -3.14159265358979, "date": date, "octets": octets,
                  "empty": [], "void": {}, "deep": {"list": [1, [2, [3, {"four": [4.5, False, "five"]}]]]}}
    same(await validator.echoStructTest(everything), everything)
    same(await validator.manyTypesTest(-42, True, hard, 2.5e-7, date, octets), [-42, True, hard, 2.5e-7, date, octets])
    same(await validator.moderateSizeArrayCheck([hard] + ["x"] * 180 + ["é"]), hard + "é")
    same(await validator.nestedStructTest({"1999": {}, "2000": {"03": {}, "04": {"01": stooges, "02": {}}}}), 0)
    same(await validator.simpleStructReturnTest(-213), {"times10": -2130, "times100": -21300, "times1000": -213000})

    assert {"validator1.easyStructTest", "system.multicall"} <= set(await server.system.listMethods())
    await fault(-32601, validator.noSuchTest(1))
    await fault(-32602, validator.easyStructTest("a string"))

    answers = await server.system.multicall([
        {"methodName": "validator1.easyStructTest", "params": [stooges]},
        {"methodName": "validator1.noSuchTest", "params": []},
    ])
    same(answers[0], [0])
    same(answers[1]["faultCode"], -32601)
    print(f"Python {platform.python_version()}, aioxmlrpc {version('aioxmlrpc')}")


asyncio.run(main())
