#!/usr/bin/env bash
# Builds everything and runs every test. The last line says: N passed, N failed, N skipped.
#   ./test.sh                  the quick tier
#   ./test.sh --full           every test (long crash rounds, soak)
#   ./test.sh --only NAME      only test projects whose name contains NAME (may be repeated)
#   ./test.sh --no-install     install nothing; a missing foreign client then fails its tests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

tier=quick install=yes only=()
while [ $# -gt 0 ]; do
  case $1 in
    --full) tier=full ;;
    --no-install) install=no ;;
    --only) only+=("${2:?--only needs a part of a project name}"); shift ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "test.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done

configuration=Release results=artifacts/test-results
limit=900; [ $tier = full ] && limit=5400 # seconds that one project may take before it counts as hung
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# A proxy or a CA bundle of the developer's environment must not stand between a test client and its appliance.
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE AGENTPKI_HOME AGENTPKI_HTTPS_PORT AGENTPKI_HTTP_PORT || true

command -v dotnet >/dev/null || { echo "test.sh: the .NET 10 SDK is missing (command: dotnet); see README.md" >&2; exit 1; }
[ $install = no ] || ./tests/foreign/install.sh --$tier

passed=0 failed=0 skipped=0 failures=()
finish() {
  if [ ${#failures[@]} -gt 0 ]; then
    echo; echo "failed:"; printf '  %s\n' "${failures[@]}"
  fi
  echo
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
fail() { failed=$((failed + 1)); failures+=("$1"); }

build() {
  echo "restore (locked) and build $configuration, warnings are errors"
  # A developer's environment may hold proxies that the package client needs: only test clients go without.
  dotnet restore AgentPki.sln --locked-mode -v q -clp:ErrorsOnly &&
    dotnet build AgentPki.sln -c $configuration --no-restore -v q -clp:ErrorsOnly
}

attribute() { # name file: an attribute of the <assembly> element, or 0
  sed -n "s/.*<assembly [^>]*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -1 | grep . || echo 0
}

run_project() { # name dll [host that runs it [filter…]]
  local name=$1 dll=$2 host=${3:-dotnet} xml=$results/$1.xml log=$results/$1.log filter=() status=0 start=$SECONDS p f s e
  [ $# -le 3 ] || filter=("${@:4}")
  [ $tier = full ] || filter+=(-trait- tier=full)
  # A test that hangs is named in the log, and so in what is printed when the project is killed.
  filter+=(-longRunning 120)
  # A module built for a newer C library than this system's loads under .tools/pq-runtime alone: such tests have a run of their own, below.
  [ "$host" != dotnet ] || filter+=(-trait- needs=newer-libc)
  # The composite draft's own vectors are not part of this tree: name the file to have them judged too.
  [ -n "${AGENTPKI_COMPOSITE_VECTORS:-}" ] || filter+=(-trait- needs=draft-vectors)
  rm -f "$xml"
  timeout --kill-after=20 $limit "$host" "$dll" -noLogo -noColor "${filter[@]}" -xml "$xml" >"$log" 2>&1 </dev/null || status=$?
  if [ $status -ge 124 ] || [ ! -s "$xml" ]; then
    fail "$name: $([ $status -eq 124 ] || [ $status -eq 137 ] && echo "hung, killed after $limit s" || echo "died with exit code $status") (see $log)"
    tail -20 "$log"
    return
  fi
  p=$(attribute passed "$xml") f=$(attribute failed "$xml") s=$(attribute skipped "$xml") e=$(attribute errors "$xml")
  passed=$((passed + p)) failed=$((failed + f + e)) skipped=$((skipped + s))
  printf '%-45s %5s passed %4s failed %4s skipped %5s s\n' "$name" "$p" "$((f + e))" "$s" "$((SECONDS - start))"
  if [ $((f + e)) -gt 0 ]; then
    while IFS= read -r line; do failures+=("$name: $line"); done < <(sed -n 's/^ *\(.*\) \[FAIL\].*/\1/p' "$log" | sort -u)
    grep -A 14 '\[FAIL\]' "$log" || tail -40 "$log"
  elif [ $status -ne 0 ]; then
    fail "$name: exit code $status without a failed test (see $log)"
  elif [ "$p" -eq 0 ]; then
    fail "$name: ran no test"
  fi
}

wanted() { # name
  [ ${#only[@]} -gt 0 ] || return 0
  local part
  for part in "${only[@]}"; do [[ $1 = *"$part"* ]] && return 0; done
  return 1
}

mkdir -p $results
if ! build; then
  fail "build"
  finish || exit 1
fi
for project in tests/*.Tests/*.csproj tests/AgentPki.Integration/*.csproj; do
  name=$(basename "$project" .csproj)
  dll=$(dirname "$project")/bin/$configuration/net10.0/$name.dll
  wanted "$name" || continue
  if [ -f "$dll" ]; then run_project "$name" "$dll"; else fail "$name: not built"; fi
done

# Once more where the platform has ML-DSA, SLH-DSA and ML-KEM, whatever the system's OpenSSL knows: its absence is then a failure.
name=AgentPki.Cryptography.Tests host=.tools/pq-runtime/dotnet/dotnet
if wanted $name; then
  if [ -x $host ]; then
    AGENTPKI_PQ_RUNTIME=1 run_project "$name on OpenSSL 3.5" tests/$name/bin/$configuration/net10.0/$name.dll $host
  else
    fail "$name on OpenSSL 3.5: $host is missing (tests/foreign/install.sh makes it)"
  fi
fi

# A token module that needs a newer C library; it signs with SLH-DSA, which takes its time.
name=AgentPki.Pkcs11.Tests
if wanted $name && [ $tier = full ]; then
  if [ -x $host ]; then
    run_project "$name with FreeHSM" tests/$name/bin/$configuration/net10.0/$name.dll $host -trait needs=newer-libc
  else
    fail "$name with FreeHSM: $host is missing (tests/foreign/install.sh makes it)"
  fi
fi
finish
