// XmlRpc++ of Robot OS or of fldigi: validator1, introspection, faults and multicall. It has no empty structs.
#include <XmlRpc.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

using XmlRpc::XmlRpcValue;

static XmlRpc::XmlRpcClient *client;

static void check(bool right, const char *what) {
    if (!right) {
        std::fprintf(stderr, "%s: a wrong answer\n", what);
        std::exit(1);
    }
}

static XmlRpcValue call(const char *name, const XmlRpcValue &parameters) {
    XmlRpcValue answer;
    check(client->execute(name, parameters, answer), name);
    check(!client->isFault(), name);
    return answer;
}

static void fault(int code, const char *name, const XmlRpcValue &parameters) {
    XmlRpcValue answer;
    client->execute(name, parameters, answer);
    check(client->isFault() && int(answer["faultCode"]) == code, name);
}

int main(int count, char **arguments) {
    int port = std::atoi(std::strrchr(arguments[count - 1], ':') + 1);
    XmlRpc::XmlRpcClient here("127.0.0.1", port, "/RPC2");
    client = &here;

    const std::string hard = "<&>\"' ]]> &amp; é Ω 中 \U0001F600\ttab\nline ";
    XmlRpcValue stooges, others;
    stooges["moe"] = -7, stooges["larry"] = 2147483647, stooges["curly"] = -2147483640;
    others["moe"] = 1, others["larry"] = 2, others["curly"] = 41;
    char octets[256];
    for (int index = 0; index < 256; index++) octets[index] = char(index);
    XmlRpcValue bytes(octets, sizeof octets);
    // Robot OS writes and reads the members of tm unchanged. fldigi writes them as C defines them, but reads them as Robot OS does.
    std::tm time = {}, years_from_1900 = {};
    time.tm_year = 2026, time.tm_mon = 2, time.tm_mday = 28, time.tm_hour = 23, time.tm_min = 59, time.tm_sec = 58;
    years_from_1900 = time;
    years_from_1900.tm_year -= 1900, years_from_1900.tm_mon -= 1;
    XmlRpcValue read(&time), date(read);
    if (date.toXml().find("20260228T23:59:58") == std::string::npos) date = XmlRpcValue(&years_from_1900);

    XmlRpcValue structs;
    structs[0][0] = stooges, structs[0][1] = others;
    check(int(call("validator1.arrayOfStructsTest", structs)) == -2147483599, "arrayOfStructsTest");

    XmlRpcValue text;
    text[0] = hard + hard + hard;
    XmlRpcValue entities = call("validator1.countTheEntities", text);
    check(int(entities["ctLeftAngleBrackets"]) == 3 && int(entities["ctRightAngleBrackets"]) == 6 && int(entities["ctAmpersands"]) == 6
            && int(entities["ctApostrophes"]) == 3 && int(entities["ctQuotes"]) == 3,
        "countTheEntities");

    XmlRpcValue one;
    one[0] = stooges;
    check(int(call("validator1.easyStructTest", one)) == 0, "easyStructTest");

    XmlRpcValue everything;
    everything["text"] = hard, everything["empty"] = "", everything["yes"] = true, everything["no"] = false;
    everything["pi"] = -3.125, everything["date"] = date, everything["octets"] = bytes;
    everything["list"][0] = 1, everything["list"][1][0] = stooges;
    XmlRpcValue wrapped;
    wrapped[0] = everything;
    XmlRpcValue echo = call("validator1.echoStructTest", wrapped);
    everything["date"] = read;
    check(echo == everything, "echoStructTest");

    XmlRpcValue many;
    many[0] = -42, many[1] = true, many[2] = hard, many[3] = 2.5, many[4] = date, many[5] = bytes;
    XmlRpcValue same = call("validator1.manyTypesTest", many);
    many[4] = read;
    check(same == many, "manyTypesTest");

    XmlRpcValue texts;
    texts[0][0] = hard;
    for (int index = 1; index < 181; index++) texts[0][index] = "x";
    texts[0][181] = "é";
    check(std::string(call("validator1.moderateSizeArrayCheck", texts)) == hard + "é", "moderateSizeArrayCheck");

    XmlRpcValue calendar;
    calendar[0]["1999"] = 0, calendar[0]["2000"]["03"] = 0, calendar[0]["2000"]["04"]["01"] = stooges;
    check(int(call("validator1.nestedStructTest", calendar)) == 0, "nestedStructTest");

    XmlRpcValue number;
    number[0] = -213;
    XmlRpcValue times = call("validator1.simpleStructReturnTest", number);
    check(int(times["times10"]) == -2130 && int(times["times100"]) == -21300 && int(times["times1000"]) == -213000,
        "simpleStructReturnTest");

    XmlRpcValue none;
    XmlRpcValue names = call("system.listMethods", none);
    bool found = false;
    for (int index = 0; index < names.size(); index++) found |= std::string(names[index]) == "validator1.easyStructTest";
    check(found, "system.listMethods");
    fault(-32601, "validator1.noSuchTest", number);
    fault(-32602, "validator1.easyStructTest", number);

    XmlRpcValue calls;
    calls[0][0]["methodName"] = "validator1.easyStructTest", calls[0][0]["params"] = one;
    calls[0][1]["methodName"] = "validator1.noSuchTest", calls[0][1]["params"].setSize(0);
    XmlRpcValue answers = call("system.multicall", calls);
    check(int(answers[0][0]) == 0 && int(answers[1]["faultCode"]) == -32601, "system.multicall");

    std::printf("%s\n", XmlRpc::XMLRPC_VERSION);
    return 0;
}
