#!/usr/bin/env bash
# Has the engine become dearer? Counts instructions for each synaptic event under valgrind on three
# small networks and compares them with benches/instructions.md; 3 % more is a failure.
#
#     benches/instructions.sh            # compare; exit code 3 if one is dearer
#     benches/instructions.sh --accept   # write what was found into the table
#
# Instructions are counted inside the simulation alone: not while reading, building or writing.
# Unlike times they do not depend on what else the machine does, so a small change can be seen.
set -euo pipefail
cd "$(dirname "$0")/.."
page=benches/instructions.md
target=${CARGO_TARGET_DIR:-target}
limit=3

if ! command -v valgrind >/dev/null; then
    echo "skipped: valgrind is not installed (apt-get install valgrind)"
    exit 0
fi
cargo build --locked --release --quiet
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

count() { # name of the scenario -> instructions, events, instructions for each event
    valgrind --tool=callgrind --callgrind-out-file="$out/callgrind" --collect-atstart=no \
        --toggle-collect='saltatory::engine::run::run_with' \
        "$target/release/saltatory" run "benches/instructions/$1.toml" --threads 1 --shards 1 \
        --no-spikes --json --out "$out/$1" >"$out/$1.json" 2>"$out/$1.log" \
        || { cat "$out/$1.log" >&2; return 1; }
    local instructions events
    instructions=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$out/$1.log")
    events=$(sed -n 's/.*"synaptic_events": *\([0-9]*\),.*/\1/p' "$out/$1.json")
    if [ "${instructions:-0}" -lt 1000000 ] || [ "${events:-0}" -lt 10000 ]; then
        echo "nothing was counted: the simulation's function was not found in the program" >&2
        return 1
    fi
    awk -v i="$instructions" -v e="$events" 'BEGIN { printf "%d %d %.1f\n", i, e, i / e }'
}

result=0
rows=""
for name in brunel cuba sparse; do
    read -r instructions events each <<<"$(count "$name")"
    [ -n "$each" ] || exit 1
    rows+="| $name | $events | $instructions | $each |"$'\n'
    kept=$(sed -n "s/^| $name | .* | \([0-9.]*\) |\$/\1/p" "$page")
    verdict=$(awk -v now="$each" -v kept="${kept:-0}" -v limit="$limit" 'BEGIN {
        if (kept <= 0) { print "no number is kept"; exit }
        change = (now / kept - 1) * 100
        printf "%+.1f %%%s\n", change, (change >= limit ? ": DEARER" : "")
    }')
    echo "$name: $each instructions per synaptic event, kept ${kept:-none}, $verdict"
    case $verdict in *DEARER | no*) result=3 ;; esac
done

if [ "${1:-}" = --accept ]; then
    awk -v rows="$rows" -v compiler="$(rustc --version | cut -d' ' -f1,2)" '
        /^<!-- numbers/ { print; print ""; print "| network | synaptic events | instructions | for each event |"
                          print "|---|---|---|---|"; printf "%s", rows
                          print ""; print "Compiler: " compiler "."; skip = 1 }
        /^<!-- end/ { skip = 0 }
        !skip { print }' "$page" >"$out/page"
    cp "$out/page" "$page"
    echo "accepted into $page"
elif [ $result -ne 0 ]; then
    echo "an event has become dearer by $limit % or more; make it cheaper, or say why in" >&2
    echo "docs/performance.md and run benches/instructions.sh --accept" >&2
    exit $result
fi
