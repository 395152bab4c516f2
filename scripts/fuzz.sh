#!/bin/sh
# fuzz.sh: runs every libFuzzer target for FUZZ_SECONDS from its seed corpus; what is found stays in $BUILD/found.
set -eu
: "${BUILD:=build-fuzz}" "${FUZZ_SECONDS:=60}"

[ -f "$BUILD/build.ninja" ] ||
    CC=clang meson setup "$BUILD" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Db_lto=false
ninja -C "$BUILD" fuzzers
mkdir -p "$BUILD/found"

failed=0
for target in "$BUILD"/fuzz/fuzz_*; do
    [ -f "$target" ] && [ -x "$target" ] || continue
    name=$(basename "$target")
    corpus="$BUILD/corpus/$name"
    mkdir -p "$corpus"
    echo "$name: $FUZZ_SECONDS s"
    if "$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$BUILD/found/$name-" "$corpus" "fuzz/corpus/$name" >"$BUILD/$name.log" 2>&1; then
        grep -E 'stat::number_of_executed_units|stat::average_exec_per_sec' "$BUILD/$name.log" | sed 's/^/  /'
    else
        echo "  FAILED: see $BUILD/$name.log and $BUILD/found/"
        failed=1
    fi
done
exit "$failed"
