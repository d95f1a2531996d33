# Sourced by the scripts in tools/ after tools/setup.

# configure PRESET [CMAKE ARGUMENTS]: quiet unless it fails. cmake skips what
# has not changed, so a second call costs well under a second.
configure() {
  local preset=$1 log
  shift
  say "configure (preset $preset, into build/$preset)"
  log=$(mktemp)
  if ! cmake --preset "$preset" "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    fail "cmake could not configure preset $preset; see above"
  fi
  rm -f "$log"
}
