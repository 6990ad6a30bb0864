#!/bin/sh
# The key-value store with the `xmlrpc` command of xmlrpc-c.
#
#     cargo run --release --bin server
#     sh examples/store.sh [PORT]
set -eu
process="http://localhost:${1:-8001}/RPC2"

xmlrpc "$process" submit 'set x=42'
xmlrpc "$process" read x
xmlrpc "$process" system.methodHelp read
