#!/bin/sh
# test.sh: builds, runs every test, and runs every test again under AddressSanitizer and UndefinedBehaviourSanitizer.
# Ends with "N passed, N failed" and the exit status that goes with it.
set -eu
: "${BUILD:=build}" "${BUILD_ASAN:=build-asan}"

[ -f "$BUILD/build.ninja" ] || meson setup "$BUILD"
[ -f "$BUILD_ASAN/build.ninja" ] ||
    meson setup "$BUILD_ASAN" -Db_sanitize=address,undefined -Db_lundef=false -Db_lto=false -Doptimization=1

export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
export ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# Most of the time tests wait for timers and other programs, so twice as many run as there are processors.
processes=$(($(nproc) * 2))

failed_runs=0
for build in "$BUILD" "$BUILD_ASAN"; do
    ninja -C "$build"
    meson test -C "$build" --no-rebuild --print-errorlogs --num-processes "$processes" --timeout-multiplier 2 ||
        failed_runs=$((failed_runs + 1))
done

/usr/bin/python3 scripts/count_tests.py "$BUILD" "$BUILD_ASAN" || failed_runs=$((failed_runs + 1))
exit "$((failed_runs > 0))"
