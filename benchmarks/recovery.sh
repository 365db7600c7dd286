#!/bin/sh
# Measures backup, restore and shipping of a real home on this machine (benchmarks/README.md, "Backup and restore"): ./benchmarks/recovery.sh [certificates] [rounds] [seconds]
# Builds nothing: dotnet build -c Release before. Needs about 5 GB for a million certificates, in $TMPDIR. The server runs NICE above the script (-10; root alone may).
set -eu

count=${1:-1000000} rounds=${2:-3} seconds=${3:-12} nice=${NICE:--10}
root=$(cd "$(dirname "$0")/.." && pwd)
agentpki="dotnet $root/src/AgentPki.Server/bin/Release/net10.0/agentpki.dll"
bench="dotnet $root/benchmarks/AgentPki.Benchmarks/bin/Release/net10.0/AgentPki.Benchmarks.dll"
load="dotnet $root/benchmarks/AgentPki.Load/bin/Release/net10.0/agentpki-load.dll"
work=$(mktemp -d "${TMPDIR:-/tmp}/apki-recovery-XXXXXX")
export AGENTPKI_HOME=$work/home AGENTPKI_HTTPS_PORT=${AGENTPKI_HTTPS_PORT:-28443} AGENTPKI_HTTP_PORT=${AGENTPKI_HTTP_PORT:-28080} NO_COLOR=1
server=

end() {
    [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server" || true; }
    server=
}
trap 'end; rm -rf "$work"' EXIT

say() { printf '%s  load %s  %s\n' "$(date -u +%H:%M:%S)" "$(cut -d' ' -f1 /proc/loadavg)" "$*"; }
cpu() { awk '{ print ($14 + $15) / '"$(getconf CLK_TCK)"' }' "/proc/$server/stat"; }
begin() {
    nice -n "$nice" $agentpki up > "$work/server.log" 2>&1 &
    server=$!
    until grep -q '^Serving until' "$work/server.log"; do kill -0 "$server" || { cat "$work/server.log"; exit 1; }; sleep 0.2; done
}
issue() { $load est --url "https://localhost:$AGENTPKI_HTTPS_PORT" --ca "$AGENTPKI_HOME/anchors/root.pem" --userpass "@$AGENTPKI_HOME/dev/enroll-token" --auth basic --pool 8000 --connections 4 --warmup "$1" --seconds "$2" --server-pid "$server" 2>/dev/null | sed -n '2,3p;/server:/p' | tr -s '\n ' ' '; }
took() { awk "BEGIN { printf \"%.1f\", $2 - $1 }"; }
now() { date +%s.%N; }

mkdir "$work/officers"
$bench make-officers "$work/officers"
begin
end
mkdir -p "$AGENTPKI_HOME/officers"
cp "$work/officers"/*.officer "$AGENTPKI_HOME/officers/"
cp "$AGENTPKI_HOME/agentpki.yaml" "$work/off.yaml"
{ cat "$work/off.yaml"; printf '\nbackup:\n  ship:\n    folder: %s\n' "$work/shipped"; } > "$work/on.yaml"

say "shipping, $rounds rounds in turn of $seconds s"
for round in $(seq "$rounds"); do
    for what in off on; do
        cp "$work/$what.yaml" "$AGENTPKI_HOME/agentpki.yaml"
        rm -rf "$work/shipped"
        begin
        [ $what = off ] || until [ -n "$(find "$work/shipped" -name base.apb)" ]; do sleep 0.2; done
        say "shipping $what: $(issue 5 "$seconds")"
        end
    done
done
cp "$work/off.yaml" "$AGENTPKI_HOME/agentpki.yaml"

say "filling with $count certificates"
$bench fill-home "$AGENTPKI_HOME/data/agentpki.db" "$count"
begin
sleep 10 # serial numbers are read beside
say "filled: database $(du -m "$AGENTPKI_HOME/data/agentpki.db" | cut -f1) MB"

for round in $(seq "$rounds"); do
    (cpu_before=$(cpu) from=$(now); $agentpki backup "$work/quiet-$round.apb" > "$work/backup.txt"; say "backup, nothing else: $(took "$from" "$(now)") s, $(took "$cpu_before" "$(cpu)") CPU-s of the server, $(stat -c %s "$work/quiet-$round.apb") octets")
done
for round in $(seq "$rounds"); do
    say "issuance, no backup: $(issue 5 "$seconds")"
    (while [ ! -e "$work/enough" ]; do $agentpki backup "$work/beside.apb" > /dev/null; echo >> "$work/beside"; rm -f "$work/beside.apb"; done) &
    beside=$!
    say "issuance beside backups: $(issue 5 "$seconds")"
    touch "$work/enough"
    wait $beside
    say "$(wc -l < "$work/beside") backups were made beside"
    rm -f "$work/enough" "$work/beside"
done
end

for round in $(seq "$rounds"); do
    rm -rf "$work/restored"
    from=$(now)
    cat "$work/officers/alice.passphrase" "$work/officers/bob.passphrase" | nice -n "$nice" sh -c "$agentpki restore '$work/quiet-1.apb' --home '$work/restored' --pin '$AGENTPKI_HOME/secrets/pin' --officer 'alice=$work/officers/alice.key' --officer 'bob=$work/officers/bob.key' > '$work/restore.txt'; times > '$work/times'"
    say "restore: $(took "$from" "$(now)") s; CPU (user system) $(tail -1 "$work/times")"
done
cat "$work/backup.txt" "$work/restore.txt"
AGENTPKI_HOME=$work/restored
begin
say "the restored home serves: $(issue 2 3)"
