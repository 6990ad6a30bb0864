/* The validator1 methods over xmlrpc-c's server, Abyss. Prints its port, and serves until standard input ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xmlrpc-c/base.h>
#include <xmlrpc-c/server.h>
#include <xmlrpc-c/server_abyss.h>

typedef xmlrpc_value *value;

static value array_of_structs(xmlrpc_env *env, value parameters, void *server, void *call) {
    value structs, one;
    int curly, sum = 0;
    xmlrpc_decompose_value(env, parameters, "(A)", &structs);
    for (int index = 0; !env->fault_occurred && index < xmlrpc_array_size(env, structs); index++) {
        xmlrpc_array_read_item(env, structs, index, &one);
        xmlrpc_decompose_value(env, one, "{s:i,*}", "curly", &curly);
        sum += curly;
    }
    return env->fault_occurred ? NULL : xmlrpc_int_new(env, sum);
}

static int count_of(const char *text, char wanted) {
    int count = 0;
    for (; *text; text++) count += *text == wanted;
    return count;
}

static value count_the_entities(xmlrpc_env *env, value parameters, void *server, void *call) {
    const char *text;
    xmlrpc_decompose_value(env, parameters, "(s)", &text);
    if (env->fault_occurred) return NULL;
    return xmlrpc_build_value(env, "{s:i,s:i,s:i,s:i,s:i}", "ctLeftAngleBrackets", count_of(text, '<'), "ctRightAngleBrackets",
        count_of(text, '>'), "ctAmpersands", count_of(text, '&'), "ctApostrophes", count_of(text, '\''), "ctQuotes", count_of(text, '"'));
}

static value sum_of(xmlrpc_env *env, value stooges) {
    int moe, larry, curly;
    xmlrpc_decompose_value(env, stooges, "{s:i,s:i,s:i,*}", "moe", &moe, "larry", &larry, "curly", &curly);
    return env->fault_occurred ? NULL : xmlrpc_int_new(env, moe + larry + curly);
}

static value easy_struct(xmlrpc_env *env, value parameters, void *server, void *call) {
    value stooges;
    xmlrpc_decompose_value(env, parameters, "(S)", &stooges);
    return env->fault_occurred ? NULL : sum_of(env, stooges);
}

static value echo_struct(xmlrpc_env *env, value parameters, void *server, void *call) {
    value same;
    xmlrpc_decompose_value(env, parameters, "(S)", &same);
    return env->fault_occurred ? NULL : same;
}

static value many_types(xmlrpc_env *env, value parameters, void *server, void *call) {
    xmlrpc_INCREF(parameters);
    return parameters;
}

static value moderate_size_array(xmlrpc_env *env, value parameters, void *server, void *call) {
    value texts, first, last;
    const char *one, *other;
    xmlrpc_decompose_value(env, parameters, "(A)", &texts);
    if (env->fault_occurred) return NULL;
    xmlrpc_array_read_item(env, texts, 0, &first);
    xmlrpc_array_read_item(env, texts, xmlrpc_array_size(env, texts) - 1, &last);
    xmlrpc_read_string(env, first, &one);
    xmlrpc_read_string(env, last, &other);
    if (env->fault_occurred) return NULL;
    char *both = malloc(strlen(one) + strlen(other) + 1);
    return xmlrpc_string_new(env, strcat(strcpy(both, one), other));
}

static value nested_struct(xmlrpc_env *env, value parameters, void *server, void *call) {
    value stooges;
    xmlrpc_decompose_value(env, parameters, "({s:{s:{s:S,*},*},*})", "2000", "04", "01", &stooges);
    return env->fault_occurred ? NULL : sum_of(env, stooges);
}

static value simple_struct_return(xmlrpc_env *env, value parameters, void *server, void *call) {
    int number;
    xmlrpc_decompose_value(env, parameters, "(i)", &number);
    if (env->fault_occurred) return NULL;
    return xmlrpc_build_value(env, "{s:i,s:i,s:i}", "times10", number * 10, "times100", number * 100, "times1000", number * 1000);
}

static void *end_with_input(void *nothing) {
    char ignored;
    while (read(0, &ignored, 1) > 0);
    _exit(0);
}

int main(void) {
    struct {
        const char *name;
        xmlrpc_method2 method;
    } methods[] = {
        {"validator1.arrayOfStructsTest", array_of_structs},
        {"validator1.countTheEntities", count_the_entities},
        {"validator1.easyStructTest", easy_struct},
        {"validator1.echoStructTest", echo_struct},
        {"validator1.manyTypesTest", many_types},
        {"validator1.moderateSizeArrayCheck", moderate_size_array},
        {"validator1.nestedStructTest", nested_struct},
        {"validator1.simpleStructReturnTest", simple_struct_return},
    };
    xmlrpc_env env;
    xmlrpc_env_init(&env);
    xmlrpc_registry *registry = xmlrpc_registry_new(&env);
    for (int index = 0; index < sizeof methods / sizeof *methods; index++)
        xmlrpc_registry_add_method2(&env, registry, methods[index].name, methods[index].method, NULL, NULL, NULL);

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || getsockname(listener, (struct sockaddr *)&address, &length)) {
        perror("bind");
        return 1;
    }
    /* Callers may come from now on: they wait until Abyss accepts. */
    listen(listener, 16);
    unsigned int major, minor, point;
    xmlrpc_version(&major, &minor, &point);
    printf("%d xmlrpc-c %u.%u.%u, Abyss\n", ntohs(address.sin_port), major, minor, point);
    fflush(stdout);

    pthread_t watcher;
    pthread_create(&watcher, NULL, end_with_input, NULL);
    xmlrpc_server_abyss_parms options = {.registryP = registry, .socket_bound = 1, .socket_handle = listener};
    xmlrpc_server_abyss(&env, &options, XMLRPC_APSIZE(socket_handle));
    fprintf(stderr, "%s\n", env.fault_string);
    return 1;
}
