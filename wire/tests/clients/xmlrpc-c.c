/* xmlrpc-c's client: all of validator1, introspection, faults and multicall. Of Unicode it has 16 bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmlrpc-c/base.h>
#include <xmlrpc-c/client.h>

#define HARD "<&>\"' ]]> &amp; é Ω 中\ttab\nline "
#define STOOGES "{s:i,s:i,s:i}", "moe", -7, "larry", 2147483647, "curly", -2147483640

static xmlrpc_env env;
static const char *url;

static void check(int right, const char *what) {
    if (env.fault_occurred) {
        fprintf(stderr, "%s: fault %d: %s\n", what, env.fault_code, env.fault_string);
        exit(1);
    }
    if (!right) {
        fprintf(stderr, "%s: a wrong answer\n", what);
        exit(1);
    }
}

/* Calls with a list of parameters, which is consumed. */
static xmlrpc_value *call(const char *name, xmlrpc_value *parameters) {
    check(1, name);
    xmlrpc_value *answer = xmlrpc_client_call_server_params(&env, xmlrpc_server_info_new(&env, url), name, parameters);
    xmlrpc_DECREF(parameters);
    return answer;
}

static int number(xmlrpc_value *value) {
    xmlrpc_int32 number = 0;
    check(value != NULL, "a number");
    xmlrpc_read_int(&env, value, &number);
    return number;
}

static int member(xmlrpc_value *structure, const char *name) {
    xmlrpc_value *value;
    check(structure != NULL, name);
    xmlrpc_struct_find_value(&env, structure, name, &value);
    return number(value);
}

static void fault(int code, const char *name, xmlrpc_value *parameters) {
    call(name, parameters);
    if (!env.fault_occurred || env.fault_code != code) {
        fprintf(stderr, "%s: no fault %d\n", name, code);
        exit(1);
    }
    xmlrpc_env_clean(&env);
    xmlrpc_env_init(&env);
}

int main(int count, char **arguments) {
    url = arguments[count - 1];
    xmlrpc_env_init(&env);
    xmlrpc_client_setup_global_const(&env);
    xmlrpc_client_init2(&env, XMLRPC_CLIENT_NO_FLAGS, "validator", "1", NULL, 0);
    check(1, "xmlrpc_client_init2");

    unsigned char octets[256];
    for (int index = 0; index < 256; index++) octets[index] = index;
    xmlrpc_value *stooges = xmlrpc_build_value(&env, STOOGES);

    check(number(call("validator1.arrayOfStructsTest",
              xmlrpc_build_value(&env, "((V{s:i,s:i,s:i}))", stooges, "moe", 1, "larry", 2, "curly", 41))) == -2147483599,
        "arrayOfStructsTest");

    xmlrpc_value *entities = call("validator1.countTheEntities", xmlrpc_build_value(&env, "(s)", HARD HARD HARD));
    check(member(entities, "ctLeftAngleBrackets") == 3 && member(entities, "ctRightAngleBrackets") == 6
            && member(entities, "ctAmpersands") == 6 && member(entities, "ctApostrophes") == 3 && member(entities, "ctQuotes") == 3,
        "countTheEntities");

    check(number(call("validator1.easyStructTest", xmlrpc_build_value(&env, "(V)", stooges))) == 0, "easyStructTest");

    xmlrpc_value *echo = call("validator1.echoStructTest",
        xmlrpc_build_value(&env, "({s:s,s:s,s:s,s:d,s:(i({s:V}())),s:{}})", HARD, HARD, "", "", " ", " ", "pi", -3.14159265358979, "deep", 1,
            "stooges", stooges, "void"));
    const char *hard, *empty, *blank;
    double pi;
    int one;
    xmlrpc_value *inner, *nothing, *void_;
    check(1, "echoStructTest");
    xmlrpc_decompose_value(&env, echo, "{s:s,s:s,s:s,s:d,s:(i({s:V,*}A)),s:S,*}", HARD, &hard, "", &empty, " ", &blank, "pi", &pi, "deep",
        &one, "stooges", &inner, &nothing, "void", &void_);
    check(!strcmp(hard, HARD) && !strcmp(empty, "") && !strcmp(blank, " ") && pi == -3.14159265358979 && one == 1
            && member(inner, "larry") == 2147483647 && xmlrpc_array_size(&env, nothing) == 0 && xmlrpc_struct_size(&env, void_) == 0,
        "echoStructTest");

    xmlrpc_value *many = call("validator1.manyTypesTest",
        xmlrpc_build_value(&env, "(ibsd86)", -42, 1, HARD, 2.5e-7, "20260228T23:59:58", octets, sizeof octets));
    xmlrpc_bool yes;
    const char *date;
    const unsigned char *bytes;
    size_t length;
    double tiny;
    check(1, "manyTypesTest");
    xmlrpc_decompose_value(&env, many, "(ibsd86)", &one, &yes, &hard, &tiny, &date, &bytes, &length);
    check(one == -42 && yes && !strcmp(hard, HARD) && fabs(tiny - 2.5e-7) < 1e-20 /* its digits are not exact */ && !strcmp(date, "20260228T23:59:58")
            && length == sizeof octets && !memcmp(bytes, octets, length),
        "manyTypesTest");

    xmlrpc_value *texts = xmlrpc_build_value(&env, "(s)", HARD);
    for (int index = 0; index < 180; index++) xmlrpc_array_append_item(&env, texts, xmlrpc_string_new(&env, "x"));
    xmlrpc_array_append_item(&env, texts, xmlrpc_string_new(&env, "é"));
    xmlrpc_value *joined = call("validator1.moderateSizeArrayCheck", xmlrpc_build_value(&env, "(A)", texts));
    check(1, "moderateSizeArrayCheck");
    xmlrpc_read_string(&env, joined, &hard);
    check(!strcmp(hard, HARD "é"), "moderateSizeArrayCheck");

    check(number(call("validator1.nestedStructTest",
              xmlrpc_build_value(&env, "({s:{},s:{s:{},s:{s:V,s:{}}}})", "1999", "2000", "03", "04", "01", stooges, "02"))) == 0,
        "nestedStructTest");

    xmlrpc_value *times = call("validator1.simpleStructReturnTest", xmlrpc_build_value(&env, "(i)", -213));
    check(member(times, "times10") == -2130 && member(times, "times100") == -21300 && member(times, "times1000") == -213000,
        "simpleStructReturnTest");

    xmlrpc_value *names = call("system.listMethods", xmlrpc_build_value(&env, "()"));
    check(1, "system.listMethods");
    check(xmlrpc_array_size(&env, names) == 13, "system.listMethods");
    fault(-32601, "validator1.noSuchTest", xmlrpc_build_value(&env, "(i)", 1));
    fault(-32602, "validator1.easyStructTest", xmlrpc_build_value(&env, "(s)", "a string"));

    xmlrpc_value *answers = call("system.multicall",
        xmlrpc_build_value(&env, "(({s:s,s:(V)}{s:s,s:()}))", "methodName", "validator1.easyStructTest", "params", stooges, "methodName",
            "validator1.noSuchTest", "params"));
    xmlrpc_value *refusal;
    check(1, "system.multicall");
    xmlrpc_decompose_value(&env, answers, "((i)V)", &one, &refusal);
    check(one == 0 && member(refusal, "faultCode") == -32601, "system.multicall");

    unsigned int major, minor, point;
    xmlrpc_version(&major, &minor, &point);
    printf("xmlrpc-c %u.%u.%u, client\n", major, minor, point);
    return 0;
}
