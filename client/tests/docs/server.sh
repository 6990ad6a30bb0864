#!/usr/bin/env bash
# `server` from BASE_PORT on. In the background it says in a file when it answers, and keeps its log out of the page's output.
ready='' before=''
for word; do
  case $before$word in
    --ready-file*=*) ready=${word#*=} ;;
    --ready-file*) [ "$before" = --ready-file ] && ready=$word ;;
  esac
  before=$word
done
case "${1-}" in
  [0-9]*.*)
    # A node that looks for others must find those of its own page only. It has no ready file: it prints a line once it listens.
    set -- "$@" --group docs-BASE_PORT
    if [ /dev/stdin -ef /dev/null ]; then
      [ /dev/stdout -ef "$RUN/$(cat "$RUN/at").out" ] && exec >/dev/null
      exec > >(exec tee "$RUN/ready.$$")
      exec PROGRAMS/server "$@"
    fi
    ;;
  "" | -*)
    case " $* " in
      *" --base-port"* | *" --config"* | *" --help "* | *" -h "* | *" --version "*) ;;
      *) set -- "$@" --base-port BASE_PORT ;;
    esac
    ;;
esac
printed="$RUN/$(cat "$RUN/at").out"
if [ /dev/stdin -ef /dev/null ]; then
  [ /dev/stderr -ef "$printed" ] && exec 2>"$RUN/server.$$.log"
  case " $* " in
    # One node alone has no ready file: it prints a line once it listens.
    *" --index"*) exec >"$RUN/ready.$$" ;;
    *)
      [ /dev/stdout -ef "$printed" ] && exec >"$RUN/server.$$.said"
      case "$ready" in
        "") set -- "$@" --ready-file "$RUN/ready.$$" ;;
        /*) ln -s "$ready" "$RUN/ready.$$" ;;
        *) ln -s "$PWD/$ready" "$RUN/ready.$$" ;;
      esac
      ;;
  esac
fi
exec PROGRAMS/server "$@"
