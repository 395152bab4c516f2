#!/bin/sh
# bench.sh: builds for speed, measures, and leaves build/bench.json.
set -eu
: "${BUILD:=build-bench}"
[ -f "$BUILD/build.ninja" ] || meson setup "$BUILD" -Dbench=true --buildtype=release
ninja -C "$BUILD" benchmarks
mkdir -p build
/usr/bin/python3 bench/run.py "$BUILD" build/bench.json
