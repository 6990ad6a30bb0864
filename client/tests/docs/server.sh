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
