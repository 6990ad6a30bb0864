# What a reader does between the lines of a page: wait until a server answers, and stop it before the next one is started.
set -e
trap end_jobs EXIT
trap await_servers DEBUG

# at LINE: the block of this line begins.
at() {
  exec >"$RUN/$1.out" 2>&1
  echo "$1" >"$RUN/at"
}

# expect WANTED FOUND: the exit status that the page says.
expect() {
  [ "$1" = "$2" ] || { echo "exit status $2, the page says $1"; exit 1; }
}

end_jobs() {
  trap - DEBUG
  jobs -p >"$RUN/pids"
  while read -r pid; do kill "$pid" 2>/dev/null || true; done <"$RUN/pids"
  wait
  trap await_servers DEBUG
}

# Before each command: servers in the background, which have a ready file each, answer. A server that starts beside others, as those
# of `server HOST PORT N` do, waits for them too.
await_servers() {
  case $BASH_COMMAND in server | server\ -* | for\ *) return 0 ;; esac
  jobs -lr >"$RUN/jobs"
  while read -r _ pid _ command; do
    case $command in
      server*)
        while kill -0 "$pid" 2>/dev/null && ! [ -s "$RUN/ready.$pid" ]; do sleep 0.05; done
        ;;
    esac
  done <"$RUN/jobs"
}

