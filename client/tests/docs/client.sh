#!/usr/bin/env bash
# `client` of the processes from BASE_PORT on.
case " $* " in
  *" --base-port"* | *" --endpoint"* | *" --spawn "* | *" --config"* | *" --help "* | *" -h "* | *" --version "*) ;;
  *" requests "* | *" verify "* | *" completions "* | *" man "*) ;;
  *) set -- "$@" --base-port BASE_PORT ;;
esac
exec PROGRAMS/client "$@"
