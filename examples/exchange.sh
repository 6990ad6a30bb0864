#!/bin/sh
# The exchange with nothing but curl: Q, R and S tell each other their decisions, and are asked what was decided.
#
#     server
#     sh examples/exchange.sh [PORT PORT PORT PORT]
set -eu
[ $# -gt 0 ] || set -- 8000 8001 8002 8003
[ $# -eq 4 ] || { echo "give the ports of four processes (8000 to 8003 without them)" >&2; exit 2; }
command -v curl >/dev/null || { echo "there is no curl: install it (in Debian: apt-get install curl)" >&2; exit 2; }

# call PORT METHOD [TEXT...]
call() {
  port=$1
  body="<?xml version='1.0'?><methodCall><methodName>$2</methodName><params>"
  shift 2
  for text; do
    body="$body<param><value><string>$text</string></value></param>"
  done
  answer=$(curl --fail --silent --show-error --header 'Content-Type: text/xml' --data "$body</params></methodCall>" \
    "http://localhost:$port/RPC2") || {
    echo "localhost:$port: no process answers there. Start them in another terminal: server" >&2
    exit 2
  }
  case $answer in *"<fault>"*) echo "$answer" >&2; exit 1 ;; esac
  echo "$answer" | sed -n "s/.*<string>\(.*\)<\/string>.*/\1/p" | sed "s/&apos;/'/g"
}

call "$2" send_message R attack
call "$2" send_message S attack
call "$3" send_message Q attack
call "$3" send_message S attack
call "$4" send_message Q attack
call "$4" send_message R attack
for port in "$2" "$3" "$4"; do
  call "$port" finalize_decision
done
