#!/bin/sh
# The key-value store with the command `xmlrpc` of xmlrpc-c.
#
#     server
#     sh examples/store.sh [PORT]
set -eu
process="http://localhost:${1:-8001}/RPC2"
command -v xmlrpc >/dev/null || {
  echo "there is no command xmlrpc: install xmlrpc-c's (in Debian: apt-get install xmlrpc-api-utils)" >&2
  exit 2
}

# call METHOD [PARAMETER...]
call() {
  xmlrpc "$process" "$@" || {
    echo "$process: the call failed. If no process answers there, start them in another terminal: server" >&2
    exit 2
  }
}

call submit 'set x=42'
call read x
call system.methodHelp read
