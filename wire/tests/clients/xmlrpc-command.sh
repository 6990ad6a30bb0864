#!/bin/sh
# xmlrpc-c's command xmlrpc. It sends ints, strings, booleans, doubles and base64, each as a parameter of its own. That is enough
# for two methods of validator1, and for faults.
set -u
command -v xmlrpc xmlrpc-c-config >/dev/null || { echo "xmlrpc-c is not installed"; exit 77; }
url="$1"
export LC_ALL=C.UTF-8

# same EXPECTED PARAMETER...: calls and compares all but empty lines.
same() {
  expected="$1"
  shift
  answer="$(xmlrpc "$url" "$@" 2>&1 | grep -v '^$')"
  [ "$answer" = "$expected" ] || { printf '%s: got\n%s\nexpected\n%s\n' "$1" "$answer" "$expected" >&2; exit 1; }
}

same "Result:
Struct of 5 members:
  Key:   String: 'ctAmpersands'
  Value: Integer: 2
  Key:   String: 'ctApostrophes'
  Value: Integer: 1
  Key:   String: 'ctLeftAngleBrackets'
  Value: Integer: 1
  Key:   String: 'ctQuotes'
  Value: Integer: 1
  Key:   String: 'ctRightAngleBrackets'
  Value: Integer: 2" validator1.countTheEntities "s/<&>\"' ]]> &amp; é Ω 中"
same "Result:
Struct of 3 members:
  Key:   String: 'times10'
  Value: Integer: -2130
  Key:   String: 'times100'
  Value: Integer: -21300
  Key:   String: 'times1000'
  Value: Integer: -213000" validator1.simpleStructReturnTest i/-213
same "Failed.  Call failed.  RPC failed at server.  expected int, boolean, string, double, date and base64.  \
(XML-RPC fault code -32602)" validator1.manyTypesTest i/-42 b/true s/é d/2.5 s/20260228T23:59:58 h/00ff
same "Failed.  Call failed.  RPC failed at server.  no method has that name; system.listMethods names those there are.  \
(XML-RPC fault code -32601)" validator1.noSuchTest i/1
xmlrpc "$url" system.listMethods | grep -q "String: 'validator1.easyStructTest'" || { echo system.listMethods >&2; exit 1; }

echo "xmlrpc-c $(xmlrpc-c-config --version), command xmlrpc"
